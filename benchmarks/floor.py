"""The floor: the notebooks' code and nothing else, in a process that has everything ready.

Says `ready`, then runs the notebooks of each line that it is sent and answers with the seconds
that each took. There is no kernel, no message, no output: nothing that runs notebooks can be
faster than this on as many cores.
"""

from __future__ import annotations

import json
import sys
import time

from armsbrief import breaks, charts, notebook  # noqa: F401  # breaks brings SciPy

notebook.display = lambda *words, **options: None
frame = notebook.pd.DataFrame({"a": ["x"], "b": [1]})
charts.drawn(notebook.alt.Chart(frame).mark_bar().encode(x="a", y="b"), "warm", "warm")
print("ready", flush=True)
for line in sys.stdin:
    seconds = {}
    for path in json.loads(line):
        start, names = time.perf_counter(), {"__name__": "__main__"}
        with open(path, encoding="utf-8") as content:
            cells = json.load(content)["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)
        seconds[path] = time.perf_counter() - start
    print(json.dumps(seconds), flush=True)
