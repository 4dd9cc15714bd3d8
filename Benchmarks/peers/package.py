"""The Python package: a whole snapshot into numpy arrays that are there, and the cache of these
arrays written again, ranked by a filter bank."""

import json
import sys
import time

import numpy as np


def main() -> None:
    source, filters, target, package = sys.argv[1:5]
    sys.path.insert(0, package)
    import kvsnap

    with kvsnap.open(source) as snapshot:
        heads = snapshot.read()
        start = time.perf_counter()
        snapshot.read(out=heads)
        read = time.perf_counter() - start
        values = dict(snapshot.identity)
        cache = [
            tuple(np.stack([getattr(head, name) for head in layer]) for name in ("keys", "values"))
            for layer in heads
        ]
        tokens = snapshot.tokens
    start = time.perf_counter()
    size = kvsnap.create(
        target, model=kvsnap.Identity(values), tokens=tokens, cache=cache, ranking=filters
    )
    written = time.perf_counter() - start
    print(json.dumps({"read": read, "write": written, "bytes": size}))


main()
