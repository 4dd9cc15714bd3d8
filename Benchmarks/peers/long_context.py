"""Copies a GGUF model with another length of context. What it answers there is of no use, but what
it costs is."""

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
