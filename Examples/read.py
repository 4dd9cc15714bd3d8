# Prints what ×8 keeps of a snapshot's first layer: python read.py book.kvsnap
import sys

import kvsnap

with kvsnap.open(sys.argv[1]) as snapshot:
    for index, head in enumerate(snapshot.layer(0, ratio=8)):
        positions = head.positions.tolist()
        print(f"head {index}: {len(positions)} pairs: {positions[:4]} …")
