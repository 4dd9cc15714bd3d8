"""The job of scripts/test-page."""

import argparse
import json
import pathlib
import sys
import tempfile

from browser import Browser, PageError, installed

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMES = ("light", "dark")
WIDTHS = (400, 640, 860, 1280, 1600)
# A model may need long on a slow machine.
PATIENCE = 120
QUESTION = "Describe this text in two sentences."
FOLLOW_UP = "Which numbers does it have?"
LONG = "Write a story of ten chapters about it."

# Remembers every text that an element and what is in it had.
WATCH = """(target => {{
  window.{name} = [];
  new MutationObserver(() => window.{name}.push(target.textContent))
    .observe(target, {{ childList: true, characterData: true, subtree: true }});
}})(document.querySelector("{selector}"))"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="test-page")
    parser.add_argument("address")
    parser.add_argument("--text", type=pathlib.Path, default=ROOT / "docs" / "cost.md")
    parser.add_argument("--key")
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    program = installed()
    if not program:
        print("test-page: there is no chromium, so the page was not tested", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        pictures = options.pictures or pathlib.Path(scratch)
        pictures.mkdir(parents=True, exist_ok=True)
        for scheme in SCHEMES:
            with Browser.start(program) as browser:
                try:
                    Job(browser, options, scheme, pictures).run()
                except PageError as error:
                    browser.picture(pictures / f"{scheme}-failed.png")
                    print(f"test-page: {scheme}: {error}", file=sys.stderr)
                    return 1
    return 0


class Job:
    """What a person does, in one colour scheme."""

    def __init__(
        self, browser: Browser, options: argparse.Namespace, scheme: str, pictures: pathlib.Path
    ) -> None:
        self.browser, self.options, self.scheme = browser, options, scheme
        self.pictures, self.shots = pictures, 0
        self.name = f"page-test-{scheme}"

    def run(self) -> None:
        steps = (
            self.open, self.prepare, self.ask, self.branch, self.stop, self.look_at_heat_map,
            self.reload, self.fit_every_width, self.delete_by_keyboard,
        )  # fmt: skip
        for step in steps:
            step()
            print(f"test-page: {self.scheme}: {step.__name__.replace('_', ' ')}: as it should be")
        require(not self.browser.complaints, f"the browser complains: {self.browser.complaints}")

    def open(self) -> None:
        self.browser.look(1280, 820, self.scheme)
        self.browser.call("Page.navigate", url=self.options.address)
        if self.options.key:
            self.browser.wait("document.querySelector('#key').open")
            self.browser.type(self.options.key)
            self.browser.press("Enter")
            # An answer of 401 is what the browser calls an error.
            self.browser.wait("document.querySelector('#model').value")
            self.browser.complaints.clear()
        self.browser.wait("document.querySelector('#model').value")
        self.shoot("open")

    def prepare(self) -> None:
        browser = self.browser
        browser.drop(self.options.text)
        given = browser.wait("document.querySelector('#name').value")
        require(given.startswith(self.options.text.stem), f"{given} is not from the file's name")
        browser.wait("!document.querySelector('#file-name').hidden")
        browser.value("document.querySelector('#name').select()")
        browser.type(self.name)
        self.shoot("name")
        browser.value(WATCH.format(name="jobNotes", selector="#jobs"))
        browser.press("Enter")
        browser.wait("document.querySelector('.job progress')?.value > 0", PATIENCE)
        self.shoot("progress")
        browser.wait(f"document.querySelector({quoted(self.ask_button)}) !== null", PATIENCE)
        notes = browser.value("window.jobNotes")
        require(any("Reading: " in note for note in notes), f"no progress was shown: {notes}")

    def ask(self) -> None:
        browser = self.browser
        browser.click(self.ask_button)
        browser.click("#shares label:has([value='8'])")
        require("1/8" in self.text("#share-note"), "×8 was not chosen")
        browser.value(WATCH.format(name="answers", selector="#turns"))
        self.put(QUESTION)
        browser.wait("document.querySelector('.answer')?.textContent.length > 20", PATIENCE)
        self.shoot("answer")
        facts = self.facts(1)
        lengths = {len(text) for text in browser.value("window.answers")}
        require(len(lengths) > 3, f"the answer did not arrive in parts: {sorted(lengths)}")
        for part in ("from the cache", "to the first token", "tokens/s", "×8", "Saved"):
            require(part in facts, f"“{part}” is not among the facts: {facts}")
        require(not facts.startswith("0 of"), f"nothing came from the cache: {facts}")
        self.shoot("answered")

    def branch(self) -> None:
        browser = self.browser
        self.put(FOLLOW_UP)
        self.facts(2)
        browser.click(".turn:nth-child(2) .actions button:last-child")
        self.put(FOLLOW_UP.replace("numbers", "names"))
        self.facts(2)
        require("2 of 2" in self.text(".turn:nth-child(2) .branches"), "there is no branch")
        self.shoot("branch")
        browser.click(".branches button:first-child")
        require("1 of 2" in self.text(".turn:nth-child(2) .branches"), "the branch stays")

    def stop(self) -> None:
        browser = self.browser
        self.put(LONG)
        browser.wait("document.querySelectorAll('.answer')[2]?.textContent.length > 10", PATIENCE)
        browser.click("#stop")
        require("Stopped" in self.facts(3), "the answer was not stopped")

    def look_at_heat_map(self) -> None:
        self.browser.click(f"button[aria-label='Heat map of {self.name}']")
        self.browser.wait("document.querySelector('#heatmap-image').naturalWidth > 0", PATIENCE)
        self.shoot("heat-map")
        self.browser.press("Escape")
        self.browser.wait("!document.querySelector('#heatmap').open")

    def reload(self) -> None:
        browser = self.browser
        browser.call("Page.reload")
        answers = f"summary[data-focus='answers {self.name}']"
        browser.click(answers)
        browser.click(".answers .name")
        browser.wait("document.querySelectorAll('.turn .answer').length > 0", PATIENCE)
        asked = self.text(".turn .question")
        require(asked == QUESTION, f"the stored question is not “{asked}”")
        require(browser.value("document.querySelector('#document').value") == self.name,
                "the stored conversation is not about its document")  # fmt: skip
        self.shoot("reloaded")

    def fit_every_width(self) -> None:
        browser = self.browser
        for width in WIDTHS:
            browser.look(width, 820, self.scheme)
            for part in ("library", "ask"):
                if browser.value(f"document.querySelector('[data-show={part}]').offsetWidth > 0"):
                    browser.click(f"[data-show={part}]")
                wide = browser.value("document.documentElement.scrollWidth")
                require(wide <= width, f"the page is {wide} wide in a window of {width}")
                unnamed = browser.unnamed()
                require(not unnamed, f"without a name at {width}: {unnamed}")
                self.shoot(f"{part}-{width}")
        browser.look(1280, 820, self.scheme)

    def delete_by_keyboard(self) -> None:
        browser = self.browser
        browser.value("document.activeElement.blur()")
        browser.tab_to(f"[data-focus='delete {self.name}']")
        browser.press("Enter")
        browser.wait("document.querySelector('#remove').open")
        require(browser.value("document.activeElement.textContent") == "Cancel",
                "a deletion is the first choice")  # fmt: skip
        self.shoot("delete")
        browser.press("Tab")
        browser.press("Enter")
        browser.wait(f"!document.querySelector({quoted(self.ask_button)})")
        self.shoot("deleted")

    @property
    def ask_button(self) -> str:
        return f"button[aria-label='Ask about {self.name}']"

    def put(self, question: str) -> None:
        """Types a question and presses Enter."""
        self.browser.wait("!document.querySelector('#send').hidden")
        self.browser.value("document.querySelector('#question').select()")
        self.browser.value("document.querySelector('#question').focus()")
        self.browser.type(question)
        self.browser.press("Enter")

    def facts(self, turn: int) -> str:
        """What a turn cost, once it is complete."""
        self.browser.wait(
            "document.querySelector('#stop').hidden"
            f" && document.querySelectorAll('.turn').length === {turn}",
            PATIENCE,
        )
        return self.text(f".turn:nth-child({turn}) .facts, .turn:nth-child({turn}) .problem")

    def text(self, selector: str) -> str:
        return self.browser.wait(f"document.querySelector({quoted(selector)})?.innerText")

    def shoot(self, what: str) -> None:
        self.shots += 1
        self.browser.picture(self.pictures / f"{self.scheme}-{self.shots:02}-{what}.png")


def quoted(text: str) -> str:
    return json.dumps(text)


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise PageError(otherwise)


if __name__ == "__main__":
    sys.exit(main())
