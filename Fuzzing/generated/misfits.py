"""Children that do not belong to their parents: a rule of section 5.7 is broken, and no other."""

import random

from conformance_cases.encoding import PRIVATE

from generated.identities import Identity


class Misfit:
    """What a child has that its parent has not; mostly nothing."""

    def __init__(self, r: random.Random, common: dict, parent: Identity | None) -> None:
        """`parent` is the parent's identity."""
        kinds, rows = ["layout", "length", "types", "form", "tokens"], common["shapes"]
        if rows and rows != rows[::-1]:
            kinds.append("shapes")
        if parent and parent.trust:
            kinds.append("trust")
        self.kind = r.choice(kinds) if parent and r.random() < 0.04 else None

    def common(self, common: dict) -> dict:
        """The options of the child that its parent has, too."""
        key, rows, types = common["key"] + 32, common["shapes"], common["codecs"]
        others = {
            "layout": {"layout": PRIVATE + 5 if common["layout"] == 1 else 1},
            "length": {"key": key, "shapes": None},
            "types": {"codecs": (2, 3) if types != (2, 3) else (3, 2)},
            "shapes": {"shapes": rows and rows[::-1]},
        }
        return common | others.get(self.kind, {})

    def form(self, form: int) -> int:
        """The prompt form, if the right one is that."""
        wrong = 0 if form else 2
        return wrong if self.kind == "form" else form

    def trust(self, trust: int) -> int:
        return 0 if self.kind == "trust" else trust

    def change(self, sections: dict[bytes, bytes]) -> None:
        """Changes the first token."""
        if self.kind == "tokens":
            tokens = sections[b"TOKN"]
            sections[b"TOKN"] = bytes([tokens[0] ^ 1]) + tokens[1:]
