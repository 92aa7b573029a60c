"""Reports as one self-contained HTML file each: no network access, nothing beside the file.

`evaluation_html`, `plan_html`, `comparison_html`, `front_html`, `sizing_html` and `validation_html` are the reports of
the commands. Other reports are put together
from sections: `Page(title, lead, sections, made_by)` and `page_html`; charts come from `bars` and `curve`, tables from
`DataTable` and `table_markup`, everything about a plan from `plan_sections`.
"""

from looptree.report.html.charts import Chart, Dot, bars, charts_data, charts_markup, curve
from looptree.report.html.datatable import Column, DataTable, folded, table_markup, term_link
from looptree.report.html.front import front_html
from looptree.report.html.markup import Markup, element, joined
from looptree.report.html.page import Page, Section, page_html
from looptree.report.html.reports import comparison_html, evaluation_html, plan_html, plan_sections
from looptree.report.html.shown import ShownPlan, shown_design, shown_plan
from looptree.report.html.sizing import sizing_html
from looptree.report.html.validation import validation_html

__all__ = [
    "Chart",
    "Column",
    "DataTable",
    "Dot",
    "Markup",
    "Page",
    "Section",
    "ShownPlan",
    "bars",
    "charts_data",
    "charts_markup",
    "comparison_html",
    "curve",
    "element",
    "evaluation_html",
    "folded",
    "front_html",
    "joined",
    "page_html",
    "plan_html",
    "plan_sections",
    "shown_design",
    "shown_plan",
    "sizing_html",
    "table_markup",
    "term_link",
    "validation_html",
]
