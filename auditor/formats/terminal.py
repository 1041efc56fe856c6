"""The page for people: 80 columns, in colour where there is some, in ASCII where there is nothing else."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.formats._chart_text import paint
from auditor.formats._plane import plane
from auditor.safe import harmless
from auditor.views.page import (
    Bullets,
    Cell,
    Chart,
    Column,
    Line,
    Page,
    Part,
    Rows,
    Table,
    Tone,
    View,
    Words,
    without_pictures,
)

_STYLES: dict[Tone, str] = {
    "plain": "", "good": "bold green", "bad": "bold red", "warning": "bold yellow", "dim": "dim",
    "strong": "bold",
}  # fmt: skip
_ASCII = str.maketrans(
    {"·": "-", "…": "~", "→": ">", "×": "x", "⏎": "~", "−": "-", "—": "-", "–": "-", "µ": "u"}
)
_INDENT = (0, 0, 0, 2)
_INKS = ("cyan", "yellow", "green", "magenta", "blue", "red")


def render(view: View, medium: Medium = PLAIN) -> str:
    """The page of the view."""
    return render_page(view.page(), medium)


def render_page(page: Page, medium: Medium) -> str:
    """The page, its charts drawn in characters."""
    paper = StringIO()
    console = Console(
        file=paper,
        width=medium.columns,
        force_terminal=medium.colour,
        no_color=not medium.colour,
        color_system="standard" if medium.colour else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(Text(harmless(page.header), style="dim"))
    for part in page.parts:
        for piece in _chart(part, medium) if isinstance(part, Chart) else _pieces(part):
            console.print(piece)
    lines = (line.rstrip() for line in paper.getvalue().split("\n"))
    text = without_ci_commands("\n".join(lines))
    return text if medium.unicode else text.translate(_ASCII).encode("ascii", "replace").decode()


def _pieces(part: Part) -> list[RenderableType]:
    match without_pictures(part):
        case Line() as line:
            return [*(Text("") for _ in range(line.above)), _line(line)]
        case Rows() as listed:
            return [_rows(listed)] if listed.rows else []
        case Bullets() as bullets:
            below = Padding(_bullets(bullets.items), _INDENT)
            return [_title(bullets.title), below] if bullets.title else [below]
        case Table() as table:
            return [_title(table.title), Padding(_table(table), _INDENT)]


def _chart(part: Chart, medium: Medium) -> list[RenderableType]:
    """The picture, or its table where nothing of it has a place."""
    drawn = plane(part)
    if drawn is None:
        return _pieces(part.table)
    picture = Text(no_wrap=True, overflow="ignore")
    for runs in paint(part, drawn, medium.columns - _INDENT[3], unicode=medium.unicode):
        for words, place in runs:
            picture.append(harmless(words), style="dim" if place is None else _INKS[place % len(_INKS)])
        picture.append("\n")
    picture.rstrip()
    return [_title(part.title), Padding(picture, _INDENT)]


def _line(line: Line) -> Text:
    text = Text(overflow="fold")
    for position, words in enumerate(line.words):
        text.append("   " if position else "")
        text.append(harmless(words.text), style=_STYLES[words.tone])
    return text


def _title(title: str) -> Text:
    return Text(f"\n  {harmless(title)}", style="bold")


def _rows(part: Rows) -> Padding:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, content in part.rows:
        grid.add_row(Text(harmless(name), style="dim"), Text(harmless(content)))
    return Padding(grid, (1, 0, 0, 2))


def _bullets(items: tuple[str, ...]) -> Grid:
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for item in items:
        grid.add_row("·", Text(harmless(item)))
    return grid


def _table(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in table.columns:
        _add_column(grid, column)
    for row in table.rows:
        grid.add_row(*(_cell(cell) for cell in row))
    return grid


def _add_column(grid: Grid, column: Column) -> None:
    name = harmless(column.name)
    if column.kind == "prose":
        grid.add_column(name, overflow="fold")
        return
    justify: JustifyMethod = "right" if column.kind == "number" else "left"
    grid.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")


def _cell(cell: Cell) -> Text:
    if isinstance(cell, Words):
        return Text(harmless(cell.text), style=_STYLES[cell.tone])
    return Text(harmless(cell))
