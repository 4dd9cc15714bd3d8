"""A copy of a GGUF model that says it has a context of so many tokens: what it answers there is of
no use, what it costs is."""

import json
import shutil
import sys

import gguf


def main() -> None:
    source, target, tokens = sys.argv[1], sys.argv[2], int(sys.argv[3])
    shutil.copyfile(source, target)
    field = gguf.GGUFReader(target, "r+").get_field("llama.context_length")
    field.parts[field.data[0]][0] = tokens
    print(json.dumps({"tokens": tokens}))


main()
