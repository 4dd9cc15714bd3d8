"""A reader as spec/conformance.md wants it, for snapshots, on the package: for run_fixtures.py.

python digests.py --digests [--compression N] [--key-file KEY]… FILE"""

import argparse
import hashlib
import pathlib
import sys

import kvsnap


def keys_of(paths: list[pathlib.Path]) -> list[bytes | str]:
    """Each file as a key file and as a passphrase, as far as it can be either."""
    keys: list[bytes | str] = []
    for path in paths:
        data = path.read_bytes()
        phrase = data.removesuffix(b"\n")
        if 32 <= len(data) <= 65536:
            keys.append(data)
        if 1 <= len(phrase) <= 1024:
            keys.append(phrase.decode("utf-8", "surrogateescape"))
    return keys


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--digests", action="store_true")
    parser.add_argument("--compression", type=int)
    parser.add_argument("--key-file", type=pathlib.Path, action="append", default=[])
    parser.add_argument("file", type=pathlib.Path)
    options = parser.parse_args()
    try:
        keys = keys_of(options.key_file)
        with kvsnap.open(options.file, keys) as snapshot:
            kvsnap.verify(options.file, keys)
            tensors = {"tokens": snapshot.tokens}
            for layer, heads in enumerate(snapshot.read(ratio=options.compression)):
                for head, pairs in enumerate(heads):
                    for name, array in pairs._asdict().items():
                        tensors[f"layer{layer}.head{head}.{name}"] = array
    except kvsnap.SnapshotError as error:
        print(error, file=sys.stderr)
        return error.status
    for name, array in tensors.items():
        print(hashlib.sha256(array.tobytes()).hexdigest(), "", name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
