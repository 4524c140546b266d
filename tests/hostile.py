"""Payloads: texts that would leave a trace if anything took them for more than text."""

from __future__ import annotations

from pathlib import Path

from support import read_table, write_table

MARK = "pwned"
_RUN = f"window.{MARK}=1"

_MARKUP = [
    "<script>{}</script>", "</script><script>{}</script>", "<img src=x onerror={}>",
    "<svg onload={}>", "<svg><script>{}</script></svg>", "<body onload={}>", "<details open ontoggle={}>",
    "<iframe srcdoc='<script>parent.{}</script>'>", "<a href='javascript:{}'>pwned</a>",
    "<input autofocus onfocus={}>", "\"><script>{}</script>", "'><script>{}</script>",
    "x--><script>{}</script>", "]]><script>{}</script>", "</title><script>{}</script>",
    "</style><script>{}</script>", "</textarea><script>{}</script>", "<video><source onerror={}>",
    "<math><mtext><script>{}</script>", "<object data='javascript:{}'>", "<base href='//pwned.invalid/'>",
    "<link rel=stylesheet href='//pwned.invalid/x.css'>", "<meta http-equiv=refresh content='0;//pwned.invalid'>",
    "<form action='//pwned.invalid'><button>pwned</button></form>", "&lt;script&gt;{}&lt;/script&gt;",
    "&#60;script&#62;{}&#60;/script&#62;", "\" onmouseover=\"{}", "' onfocus='{}' autofocus='",
    "<template><script>{}</script></template>", "<noscript><p title='</noscript><script>{}</script>'>",
]  # fmt: skip
_TEMPLATES = [
    "pwned {{{{ 7*7 }}}}", "pwned {{% for x in y %}}", "pwned ${{7*7}}", "pwned #{{7*7}}", "pwned <%= 7*7 %>",
    "pwned {{eval}}`{}`", "pwned {{fact}}`equipment-value.left`", "pwned {{verdict}}`resurgence`", "pwned {{doc}}`/index`",
    "pwned {{raw}}`html <script>{}</script>`", "pwned {{cite}}`x`", "pwned ```{{code-cell}} {}```",
    "pwned :::{{raw}} html", "pwned $x^2$ $$y$$", "pwned [x](javascript:{})", "pwned ![x](//pwned.invalid/x.png)",
    "pwned [x]: //pwned.invalid", "pwned <javascript:{}>", "pwned | a | b |", "pwned # a heading", "pwned % a comment",
    "pwned \\\\ \\input{{/etc/passwd}}", "pwned |x| _x_ `x`_ x_", "pwned .. include:: /etc/passwd",
    "pwned @misc{{x, title={{y}}}}", "pwned }} }} {{", "pwned %s %d {{0}} {{0.__class__}}", "pwned ` `` ```",
]  # fmt: skip
FORMULAS = [
    "=pwned()", "=HYPERLINK(\"//pwned.invalid\")", "+pwned()", "-pwned()", "@pwned", "=cmd|' /C calc'!pwned",
    "=1+1;pwned", "=IMPORTXML(\"//pwned.invalid\",\"//a\")",
]  # fmt: skip
_ODD = [
    "pwned \u0661\u0662", "pwned " + "long " * 400, "pwned é́́́́́", "pwned 👩‍🚀", "pwned \\u202e", "pwned \\x00", "pwned NaN",
    "pwned Infinity", "pwned null", "pwned -0", "pwned 1e400",
]  # fmt: skip

PAYLOADS = [p.format(_RUN) for p in _MARKUP + _TEMPLATES] + _ODD


# Free text, of which some reaches pages, the PDF, charts, letters and downloads.
COLUMNS = [
    ("sources", "title"), ("sources", "publisher"), ("choices", "option"), ("choices", "reason"),
    ("assertions", "note"), ("equipment", "note"), ("weapons", "note"),
    ("recoveries", "place"), ("recoveries", "route_or_group"), ("recoveries", "items"),
    ("recoveries", "trap"), ("recoveries", "note"), ("prices", "market"), ("prices", "note"),
    ("border", "reported_by"), ("border", "note"), ("precedents", "precedent"),
    ("precedents", "note"), ("losses", "what"), ("losses", "note"), ("diplomacy", "actor"),
    ("diplomacy", "what"), ("diplomacy", "note"), ("statements", "what"), ("statements", "note"),
    ("violence_annual", "note"), ("violence_monthly", "note"), ("definitions", "counts"),
    ("definitions", "unit_of_count"), ("definitions", "caveat"), ("timeline", "event"),
    ("timeline", "note"), ("deadlines", "what"), ("deadlines", "actor"), ("deadlines", "note"),
]  # fmt: skip
# Free text too, by which notebooks find their rows.
KEYS = [
    ("choices", "claim_id"),
    ("choices", "key"),
    ("equipment", "reported_by"),
    ("precedents", "metric"),
]


def inject(root: Path) -> int:
    """Put a payload into every cell of these columns, in turn; return how many cells.

    The rows keep their keys, or notebooks would not find them: one row more has others.
    """
    number = 0
    for table in dict.fromkeys(table for table, _ in COLUMNS + KEYS):
        rows = read_table(root, table)
        if any(table == other for other, _ in KEYS):
            rows.append(["pwned", *rows[-1][1:]])
        for place, column in enumerate(rows[0]):
            if (table, column) in COLUMNS:
                wild = rows[1:]
            elif (table, column) in KEYS:
                wild = rows[-1:]
            else:
                continue
            for row in wild:
                row[place] = PAYLOADS[number % len(PAYLOADS)]
                number += 1
        write_table(root, table, rows)
    return number
