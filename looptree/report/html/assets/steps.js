// The steps of a group.

looptree.showSteps = function () {};
