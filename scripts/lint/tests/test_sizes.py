"""Whether check_sizes finds what it must, and nothing else."""

import unittest

import check_sizes as check


def found(path: str, text: str) -> list[str]:
    return [str(finding) for finding in check.check(path, text)]


def swift(text: str) -> list[str]:
    return found("A.swift", text)


LINES = "  x()\n"


class Sizes(unittest.TestCase):
    def test_file(self):
        self.assertEqual(swift("\n" * 250), [])
        self.assertEqual(swift("\n" * 251), ["A.swift:1: the file has 251 lines; the limit is 250"])
        self.assertEqual(found("spec/reader.py", "\n" * 251), [])

    def test_line(self):
        self.assertEqual(swift("// " + "é" * 97), [])
        what = "A.swift:2: the line has 101 columns; the limit is 100"
        self.assertEqual(swift("\n/// " + "a" * 97), [what])

    def test_swift_functions(self):
        long = "A.swift:1: {} has 61 lines; the limit is 60"
        for name, head in {
            "f": "func f(_ a: Int = { 1 }(),\n  b: Int) throws -> [Int]\n  where A: B {\n",
            "==": "func == (a: A, b: A) -> Bool {\n",
            "init?": "init?(a: String) {\n",
            "area": "var area: Int {\n",
            "subscript": "subscript(i: Int) -> Int {\n",
        }.items():
            rest = 60 - head.count("\n")
            self.assertEqual(swift(head + LINES * (rest - 1) + "}\n"), [], head)
            self.assertEqual(swift(head + LINES * rest + "}\n"), [long.format(name)], head)

    def test_no_function(self):
        body = LINES * 70 + "}\n"
        for head in (
            "struct S {\n",
            "let a = run {\n",
            "// func f() {\n",
            'let a = "func f() {"; run {\n',
            'let a = #"\\"func f() {"#; run {\n',
            'let a = "\\(b["func f() {"])"; run {\n',
            "protocol P {\n  func f() -> Int\n  var a: Int { get }\n",
        ):
            self.assertEqual(swift(head + body), [], head)

    def test_c_functions(self):
        head = "static int f(\n    int a, int b) {\n"
        self.assertEqual(found("a.c", head + LINES * 57 + "}\n"), [])
        what = "a.c:1: f has 61 lines; the limit is 60"
        self.assertEqual(found("a.c", head + LINES * 29 + "\n" + LINES * 28 + "}\n"), [what])
        self.assertEqual(found("a.c", "struct s {\n" + "  int a;\n" * 70 + "};\n"), [])
        self.assertEqual(found("a.c", "static int a[] = {\n" + "  1,\n" * 70 + "};\n"), [])

    def test_python_functions(self):
        text = "class A:\n  @property\n  def f(self):\n" + "    x()\n" * 60
        self.assertEqual(found("a.py", text), ["a.py:3: f has 61 lines; the limit is 60"])
        self.assertEqual(found("a.py", text.replace("    x()\n", "", 1)), [])

    def test_calls(self):
        what = ["A.swift:1: f is called with 6 unlabelled arguments; the limit is 5"]
        for call in (
            "f(a, b, c, d, e, g)",
            "f(a, b,\n  c, { (x, y) in x }, [1, 2, 3], h(1, 2))",
            "f(a ? b : c, 2, 3, 4, 5, label: 6, 7)",
            'f("a, b", 2, 3, Dictionary<String, Int>(), 5, 6)',
        ):
            self.assertEqual(swift(call), what, call)
        self.assertIn("A<Int> is", swift("let a = A<Int>(1, 2, 3, 4, 5, 6)")[0])

    def test_no_calls(self):
        for text in (
            "f(a, b, c, d, e)",
            "f(a, b, c, d, e, label: g)",
            "f(1, 2, 3, 4, Dictionary<String, Int>())",
            "func f(_ a: Int, b: Int, _ c: Int, d: Int, e: Int, g: Int) {}",
            "init(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F) {}",
            "func f<A, B>(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F) {}",
            "case large(Int, Int, Int, Int, Int, Int)",
            "case .large(let a, let b, let c, let d, let e, let f): break",
            "let a = (1, 2, 3, 4, 5, 6)",
            "let a = [1, 2, 3, 4, 5, 6, 7]",
            "let f: (Int, Int, Int, Int, Int, Int) -> Int = g",
            "// f(1, 2, 3, 4, 5, 6)",
        ):
            self.assertEqual(swift(text), [], text)


if __name__ == "__main__":
    unittest.main()
