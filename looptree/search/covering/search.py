"""The state of a search for the cheapest cover, and its steps.

Every round solves linear relaxations for prices, drops columns that are too expensive to be in a better cover than the
best one known, looks for a better one quickly, and asks CP-SAT for the best choice of the columns that are left. If its
groups wait in a cycle, it costs no more than the best cover (a bound), and a cut forbids it and its like.
"""

from __future__ import annotations

from looptree.search.covering.beam import Choice, construct
from looptree.search.covering.clock import Clock
from looptree.search.covering.cuts import Cut, cuts_of, cuts_of_fractions
from looptree.search.covering.master import optimise
from looptree.search.covering.precedence import bits
from looptree.search.covering.pricing import price
from looptree.search.covering.problem import Problem
from looptree.search.covering.program import Answer, Program
from looptree.search.covering.relaxation import Fractional, solve
from looptree.search.covering.result import Cover, Progress, Status
from looptree.search.covering.survivors import Guide, Survivors

MOST_PRICINGS = 30
"""Linear programs in a row before the integer program has its turn."""

MOST_CYCLES = 4
"""Answers with cycles before the order of the groups becomes a part of the integer program."""


class Search:
    """The state of a search for the cheapest cover.

    Attributes:
        best: the best cover so far, in an order in which its groups can run. cost: of it; None while there is none.
        bound: no cover costs less. settled: whether there is no better cover than the best, or none at all.
    """

    def __init__(self, problem: Problem, clock: Clock, progress: Progress | None = None) -> None:
        self.problem = problem
        self.clock = clock
        self._progress = progress
        self.best: tuple[int, ...] = ()
        self.cost: int | None = None
        self.bound = 0
        self.settled = False
        self.stopped = False
        self._cycles = 0
        self.survivors = Survivors.of(problem)
        self.waits = {number: problem.precedence.waits(problem.masks[number]) for number in self.survivors.kept}

    def run(self) -> None:
        """Runs until the answer is proven or the time is over."""
        self._fix_by_limits()
        while self._going():
            guide = self._price()
            if self._going() and not self._construct(guide) and self._going():
                self._learn(self._optimise())

    def offer(self, arranged: tuple[int, ...]) -> bool:
        """Takes over a cover if it is better than the best one; whether it is."""
        cost = self.problem.cost(arranged)
        if self.cost is not None and cost >= self.cost:
            return False
        self.best, self.cost = arranged, cost
        self._raise(self.bound)
        return True

    def _going(self) -> bool:
        """Whether there is something left to do and time to do it."""
        return not (self.settled or self.stopped or self.clock.over)

    def tell(self, text: str) -> None:
        """Reports how far the search came."""
        if self._progress is not None:
            self._progress(self.bound, self.cost, text)

    def result(self) -> Cover:
        """What is known now."""
        proven, found = self.settled, self.cost is not None
        status: Status = ("optimal" if found else "infeasible") if proven else ("feasible" if found else "unknown")
        return Cover(
            chosen=self.best,
            cost=self.cost or 0,
            bound=self.bound,
            status=status,
            columns_left=len(self.survivors.kept),
            cuts=len(self.survivors.cuts),
            seconds=self.clock.seconds,
            uses=self.problem.used(self.best) if found else (),
        )

    @property
    def _wanted(self) -> int | None:
        """What a better cover may cost at most."""
        return None if self.cost is None else self.cost - 1

    def _raise(self, bound: int) -> None:
        """No cover that is better than the best costs less than `bound`."""
        self.bound = max(self.bound, bound)
        if self.cost is not None and self.bound >= self.cost:
            self._settle()

    def _settle(self) -> None:
        """There is no better cover than the best one."""
        self.settled = True
        if self.cost is not None:
            self.bound = self.cost

    def _fix_by_limits(self) -> None:
        """Drops columns that no cover within one of the limits has."""
        for measure, limit in self.survivors.used:
            relaxation = self.survivors.relaxation(measure, limited=False)
            pricing = price(relaxation, solve(relaxation, self.clock.left))
            self.survivors.settle(measure, pricing, limit)
            if pricing.least > limit:
                self._settle()

    def _price(self) -> Guide:
        """Solves linear relaxations, with the cuts that they ask for, until none is broken."""
        for _ in range(MOST_PRICINGS):
            relaxation = self.survivors.relaxation(self.survivors.cost, limited=True)
            fractional = solve(relaxation, self.clock.left)
            pricing = price(relaxation, fractional)
            self._raise(self.survivors.cost.constant + pricing.least)
            cuts = self._broken_by(fractional)
            guide = self.survivors.settle(self.survivors.cost, pricing, self._wanted)
            self.survivors.cuts += cuts
            self.tell(f"linear relaxation: {len(self.survivors.kept)} columns left, {len(cuts)} cuts added")
            if not cuts or not self._going():
                break
        return guide

    def _broken_by(self, fractional: Fractional | None) -> list[Cut]:
        """New cuts that a fractional solution breaks."""
        if fractional is None:
            return []
        shares: dict[int, float] = {}
        for number, value in zip(self.survivors.kept, fractional.values, strict=True):
            if value > 0:
                mask = self.problem.masks[number]
                shares[mask] = shares.get(mask, 0.0) + value
        found = cuts_of_fractions(self.problem.precedence, shares)
        return sorted(set(found).difference(self.survivors.cuts))

    def _construct(self, guide: Guide) -> bool:
        """Whether a beam search finds a better cover."""
        precedence, kept, used = self.problem.precedence, self.survivors.kept, self.survivors.used
        choices = [
            Choice(
                place,
                self.problem.masks[kept[place]],
                self.waits[kept[place]],
                reduced,
                tuple(measure.of[place] for measure, _ in used),
            )
            for place, reduced in enumerate(guide.reduced)
        ]
        limits = [limit - measure.constant for measure, limit in used]
        places = construct(precedence, choices, limits, guide.slack, self._going)
        better = places is not None and self.offer(tuple(kept[place] for place in places))
        self.tell(f"beam search: {'a better' if better else 'no better'} cover")
        return better

    def _optimise(self) -> Answer:
        """Asks for a best choice of the columns that are left."""
        survivors = self.survivors
        masks, holders = survivors.masks, survivors.holders()
        program = Program(
            weights=survivors.cost.of,
            members=[list(bits(mask)) for mask in masks],
            holders=holders,
            cuts=[cut.row(masks, holders) for cut in survivors.cuts],
            limits=survivors.limits,
            most_weight=None if self._wanted is None else self._wanted - survivors.cost.constant,
            order=self.problem.precedence.edges if self._cycles > MOST_CYCLES else (),
        )
        return optimise(program, self.clock.left)

    def _learn(self, answer: Answer) -> None:
        """Takes over what the integer program has to say."""
        cuts: set[Cut] = set()
        for places in answer.solutions:
            chosen = [self.survivors.kept[place] for place in places]
            arranged = self.problem.arranged(chosen)
            if arranged is None:
                cuts.update(cuts_of(self.problem.precedence, [self.problem.masks[number] for number in chosen]))
            else:
                self.offer(arranged)
        if answer.bound is None:
            self._settle()
        else:
            self._raise(self.survivors.cost.constant + answer.bound)
        self.survivors.cuts += sorted(cuts.difference(self.survivors.cuts))
        self._cycles += bool(cuts)
        self.stopped = not answer.complete
        self.tell(f"integer program: {len(answer.solutions)} solutions, {len(cuts)} cuts added")
