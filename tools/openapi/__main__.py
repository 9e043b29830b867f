"""`python -m tools.openapi DESCRIPTORS TARGET`: write the OpenAPI document of the contracts that are imported."""

import json
import sys
from pathlib import Path

from tools.contracts.comments import comments
from tools.openapi.document import document

descriptors, target = (Path(word) for word in sys.argv[1:])
text = json.dumps(document(comments(descriptors)), indent=1, ensure_ascii=False)
target.write_text(f"{text}\n", encoding="utf-8")
