"""A notebook as Colab saves it, with who executed it, in several ways that it has had."""

from __future__ import annotations

import json
from typing import Any

WHO = {"displayName": "Planted Person", "userId": "00112233445566778899"}
LINK = '<a href="https://colab.research.google.com/github/planted/mine/blob/main/a.ipynb" target="_parent">'
FRAME = '\n  <div id="df-1f2e" class="colab-df-container">\n    {html}\n    <div class="colab-df-buttons"><script>x</script></div>\n  </div>\n'
#: Whether Colab keeps tags and ids of cells; it has done both.
WAYS = {"all": (True, True), "no tags": (False, True), "no ids": (True, False), "neither": (False, False)}  # fmt: skip


def as_colab_saves(notebook: dict[str, Any], way: str = "all", first: int = 1) -> str:
    """Return the text of the file; `first` is the number of the first random id."""
    made = json.loads(json.dumps(notebook))
    keeps_tags, keeps_ids = WAYS[way]
    for number, cell in enumerate(made["cells"], first):
        name, metadata = cell.pop("id"), cell["metadata"]
        cell["metadata"] = {"id": name if keeps_ids else f"aB{number:09}"}
        if keeps_tags and metadata.get("tags"):
            cell["metadata"]["tags"] = metadata["tags"]
        if cell["cell_type"] == "code":
            about = {"status": "ok", "timestamp": 1700000000000, "user": WHO, "user_tz": -60}
            more = {"base_uri": "https://localhost:8080/", "height": 35}
            cell["metadata"] |= {"executionInfo": about, "outputId": "4f5e", "cellView": "form", "colab": more}  # fmt: skip
            for data in (o["data"] for o in cell.get("outputs", []) if "data" in o):
                data["application/vnd.google.colaboratory.intrinsic+json"] = {"type": "dataframe"}
                html = data.get("text/html", "")
                html = html if isinstance(html, str) else "".join(html)
                if "<style scoped>" in html:
                    data["text/html"] = FRAME.format(html=html).splitlines(keepends=True)
    badge = {"colab_type": "text", "id": "view-in-github"}
    made["cells"].insert(0, {"cell_type": "markdown", "metadata": badge, "source": [LINK]})
    made["metadata"]["colab"] = {"provenance": [{"file_id": WHO["userId"], "timestamp": 1}], "include_colab_link": True}  # fmt: skip
    made["metadata"] |= {"accelerator": "GPU", "language_info": {"name": "python"}}
    return json.dumps({**made, "nbformat_minor": 0}, indent=2)
