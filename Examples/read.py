"""Prints what ×8 keeps of a snapshot's first layer.

python read.py book.kvsnap"""

import sys

import kvsnap

try:
    with kvsnap.open(sys.argv[1]) as snapshot:
        for index, head in enumerate(snapshot.layer(0, ratio=8)):
            print(f"head {index}: {len(head.positions)} pairs, the first at {head.positions[0]}")
except kvsnap.SnapshotError as error:
    sys.exit(str(error))
