"""Whether check_api finds what it must, and nothing else."""

import pathlib
import unittest

import check_api as check
from c_api import declarations_in_c


def fragments(*parts: str) -> list[dict]:
    """A fragment that begins with a blank and a star is a name inside of the function."""
    return [
        {"kind": "internalParam", "spelling": part[1:]}
        if part.startswith("*")
        else {"kind": "text", "spelling": part}
        for part in parts
    ]


def symbol(path: str, *parts: str, comment: bool = True, line: int | None = 1, **more) -> dict:
    entry = {
        "identifier": {"precise": f"s:{path}"},
        "pathComponents": path.split("."),
        "declarationFragments": fragments(*parts),
    }
    if comment:
        entry["docComment"] = {"lines": [{"text": "It is."}]}
    if line is not None:
        entry["location"] = {"uri": "file:///r/Sources/A.swift", "position": {"line": line}}
    return entry | more


def conforms(source: str, target: str) -> dict:
    return {
        "kind": "conformsTo", "source": f"s:{source}", "target": f"p:{target}",
        "targetFallback": target,
    }  # fmt: skip


def listed(symbols: list[dict], relationships: list[dict] = ()) -> list[str]:
    graph = {"symbols": symbols, "relationships": list(relationships)}
    return sorted(map(str, check.declarations([graph])))


def found(name: str, old: list[str], new: list[str]) -> list[str]:
    """What the check says of a list and of what is there."""
    there = set(check.parse("".join(f"{line}\n" for line in new)))
    return [str(each) for each in check.check_list(name, "".join(f"{x}\n" for x in old), there)]


class Swift(unittest.TestCase):
    def test_declarations(self):
        method = symbol("S.f(_:)", "func f(_", " ", "*a", ": Int,\n  b: Int", " ", "*c", ")")
        self.assertEqual(listed([method]), ["S.f(_:)  func f(_: Int, b: Int)"])
        renamed = symbol("S.f(_:)", "func f(_", " ", "*x", ": Int,\n  b: Int", " ", "*y", ")")
        self.assertEqual(listed([renamed]), listed([method]))

    def test_conformances(self):
        relations = [conforms("S", "Swift.Sendable"), conforms("S", "Swift.SendableMetatype")]
        member = {"kind": "memberOf", "source": "s:S.a", "target": "s:S"}
        lines = listed([symbol("S", "struct S")], [*relations, member])
        self.assertEqual(lines, ["S  conforms to Sendable", "S  struct S"])
        own = {"kind": "conformsTo", "source": "s:S", "target": "s:P"}
        lines = listed([symbol("S", "struct S"), symbol("P", "protocol P")], [own])
        self.assertIn("S  conforms to P", lines)

    def test_bounds(self):
        bound = {"kind": "conformance", "lhs": "Self", "rhs": "Sendable"}
        extended = symbol("S.f()", "func f()", swiftExtension={"constraints": [bound]})
        self.assertEqual(listed([extended]), ["S.f()  func f() [Self conformance Sendable]"])

    def test_comments(self):
        graph = {
            "symbols": [
                symbol("S", "struct S"),
                symbol("S.a", "var a: Int", comment=False, line=6),
                symbol("S.init(rawValue:)", "init?(rawValue: Int)", comment=False, line=None),
            ]
        }
        findings = [str(each) for each in check.undocumented("M", [graph], pathlib.Path("/r"))]
        self.assertEqual(findings, ["Sources/A.swift:7: S.a of M is public and has no comment"])


class Lists(unittest.TestCase):
    def test_equal(self):
        for name in ("KVSnap", "QFilters", "kvsnap.h"):
            self.assertEqual(found(name, ["S  struct S"], ["S  struct S"]), [])

    def test_order(self):
        lines = check.written(check.parse("S.a  var a\nS  struct S\nS  conforms to P\n"))
        self.assertEqual(lines, "S  conforms to P\nS  struct S\nS.a  var a\n")

    def test_gone(self):
        for name, end in {
            "KVSnap": ", which breaks the API that KVSnap promises",
            "kvsnap.h": ", which breaks the API that kvsnap.h promises",
            "QFilters": "; run scripts/lint/check_api.py --update",
        }.items():
            what = f"docs/api/{name}.txt:2: “S.a  var a: Int” is gone{end}"
            self.assertEqual(
                found(name, ["S  struct S", "S.a  var a: Int"], ["S  struct S"]), [what]
            )

    def test_changed(self):
        what = "docs/api/KVSnap.txt:1: “S.a  var a: Int” changed, to “var a: UInt”"
        found_now = found("KVSnap", ["S.a  var a: Int"], ["S.a  var a: UInt"])
        self.assertEqual(found_now, [what + ", which breaks the API that KVSnap promises"])

    def test_lost_conformance(self):
        what = "docs/api/KVSnap.txt:1: “S  conforms to P” is gone"
        found_now = found("KVSnap", ["S  conforms to P", "S  struct S"], ["S  struct S"])
        self.assertEqual(found_now, [what + ", which breaks the API that KVSnap promises"])

    def test_new(self):
        for name in ("KVSnap", "QFilters", "kvsnap.h"):
            what = f"docs/api/{name}.txt:1: “T  struct T” is new"
            found_now = found(name, ["S  struct S"], ["S  struct S", "T  struct T"])
            self.assertEqual(found_now, [what + "; run scripts/lint/check_api.py --update"])

    def test_overload(self):
        old, new = "S.f(_:)  func f(_: Int)", "S.f(_:)  func f(_: Float)"
        what = f"docs/api/KVSnap.txt:1: “{new}” is new; run scripts/lint/check_api.py --update"
        self.assertEqual(found("KVSnap", [old], [old, new]), [what])

    def test_no_list(self):
        what = "docs/api/KVSnap.txt:1: “S  struct S” is new; run scripts/lint/check_api.py --update"
        self.assertEqual(found("KVSnap", [], ["S  struct S"]), [what])


class Structs(unittest.TestCase):
    SIZED = ["new  struct", "new[00]  size_t size", "new[01]  int layers"]
    FIXED = ["head  struct", "head[00]  void *keys"]

    def test_growth(self):
        added = "new[02]  int heads"
        what = f"docs/api/kvsnap.h.txt:3: “{added}” is new; run scripts/lint/check_api.py --update"
        self.assertEqual(found("kvsnap.h", self.SIZED, [*self.SIZED, added]), [what])

    def test_no_growth_without_size(self):
        added = "head[01]  void *values"
        what = f"docs/api/kvsnap.h.txt:2: “{added}” is new in a struct without a size"
        found_now = found("kvsnap.h", self.FIXED, [*self.FIXED, added])
        self.assertEqual(found_now, [what + ", which breaks the API that kvsnap.h promises"])

    def test_new_struct(self):
        findings = found("kvsnap.h", self.SIZED, [*self.SIZED, *self.FIXED])
        self.assertEqual(len(findings), 2)
        self.assertTrue(all(check.UPDATE in each for each in findings), findings)

    def test_insertion(self):
        now = ["new  struct", "new[00]  size_t size", "new[01]  int heads", "new[02]  int layers"]
        first = found("kvsnap.h", self.SIZED, now)[0]
        self.assertIn("“new[01]  int layers” changed, to “int heads”, which breaks", first)


class Header(unittest.TestCase):
    def lines(self, text: str) -> list[str]:
        return ["  ".join(each) for each in declarations_in_c(text)]

    def test_functions(self):
        self.assertEqual(
            self.lines("// int no(void);\nconst char *a(void);\nint b(\n  x *y, uint8_t z[3]);"),
            ["a  const char * (void)", "b  int (x *, uint8_t [3])"],
        )

    def test_structs(self):
        text = "typedef struct {\n  uint32_t a, b;  // c\n  const void *p;\n  int d[2];\n} s;"
        members = [
            "s[00]  uint32_t a",
            "s[01]  uint32_t b",
            "s[02]  const void *p",
            "s[03]  int d[2]",
        ]
        self.assertEqual(self.lines(text), ["s  struct", *members])
        self.assertEqual(self.lines(text.replace("typedef struct", "struct s").replace("} s", "}")),
                         ["s  struct", *members])  # fmt: skip

    def test_pointers(self):
        text = "typedef struct { char *a, **b, c; } s;"
        self.assertEqual(
            self.lines(text), ["s  struct", "s[00]  char *a", "s[01]  char **b", "s[02]  char c"]
        )

    def test_enums(self):
        text = "enum e {\n  A = 0,  // first\n  B = 7,\n};"
        self.assertEqual(self.lines(text), ["e  enum", "A  e = 0", "B  e = 7"])

    def test_types_and_macros(self):
        text = "#ifndef H\n#define H\n#define N 3\ntypedef struct s s;\ntypedef int (*f)(void *);"
        self.assertEqual(
            self.lines(text + "\n#endif"),
            ["N  macro 3", "s  typedef struct s s", "f  typedef int (*f)(void *)"],
        )

    def test_other_languages(self):
        text = (
            '#ifdef __cplusplus\nextern "C" {\n#endif\nint a(void);\n#ifdef __cplusplus\n}\n#endif'
        )
        self.assertEqual(self.lines(text), ["a  int (void)"])

    def test_unknown(self):
        for text in ("int a;", "struct s { int (*f)(void); };", "enum e { A };"):
            with self.assertRaises(ValueError):
                self.lines(text)


if __name__ == "__main__":
    unittest.main()
