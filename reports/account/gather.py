"""Facts gathered to an account: by artifact, and there by stream."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter

from modelaudit.engine.facts import Stream
from modelaudit.reports.account.steps import step_of

NAMES_MAX = 1000  # different steps that are counted beyond the limit
IMPORTS = 200  # imports of a stream that are kept whatever the limit: what is rare must not hide behind what is many
SPARE = 50  # artifacts for each step of the limit of which steps are kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Fact
    from modelaudit.reports.account.steps import Step

    Key = tuple[str, str]


class Chapter:
    """The steps of one stream; `stream` is None for what belongs to none. `rest` counts what is left out."""

    __slots__ = ("rest", "steps", "stream")

    def __init__(self, stream: Stream | None, steps: list[Step], rest: Counter[Key]) -> None:
        self.stream = stream
        self.steps = steps
        self.rest = rest


class Story:
    """What is known of one artifact while its facts come in."""

    __slots__ = ("_imports", "_rest", "_steps", "chapters", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.chapters: list[Chapter] = []
        self._steps: list[Step] = []
        self._imports: dict[tuple[str, str, int | None], Step] = {}
        self._rest: Counter[Key] = Counter()

    def take(self, fact: Fact) -> None:
        """Take a fact in; that of a stream ends it."""
        if isinstance(fact, Stream):
            self.chapter(fact)
            return
        step = step_of(fact)
        if step is None:
            return
        if step.do == "import":
            self._import(step)
        elif len(self._steps) < self.most:
            self._steps.append(step)
        else:
            self._count(step)

    def _import(self, step: Step) -> None:
        """Keep an import, once: its record comes again at the end of the stream, with all its uses."""
        key = step.name, step.how, step.offset
        known = self._imports.get(key)
        if known is not None:
            known.n = max(known.n, step.n)
        elif len(self._imports) < max(self.most, IMPORTS):
            self._imports[key] = step
        else:
            self._count(step)

    def _count(self, step: Step) -> None:
        key = step.do, step.name
        if key not in self._rest and len(self._rest) >= NAMES_MAX:
            key = "…", ""
        self._rest[key] += step.n

    def chapter(self, stream: Stream | None) -> None:
        """Close a chapter with the steps that lie in the stream, in the order of their offsets."""
        start = stream.start if stream is not None else 0
        steps = [*self._imports.values(), *self._steps]
        self._imports = {}
        self._steps = [step for step in steps if step.offset is not None and step.offset < start]
        for step in steps:
            if step.offset is None:
                self._count(step)
        placed = [step for step in steps if step.offset is not None and step.offset >= start]
        placed.sort(key=attrgetter("offset"))
        placed = _ordered(placed)
        rest, self._rest = self._rest, Counter()
        if stream is not None or placed or rest:
            self.chapters.append(Chapter(stream, placed, rest))


def _ordered(steps: list[Step]) -> list[Step]:
    """The steps with each name that a call of the stream fetches between that call and the first one that uses it."""
    found: list[Step] = []
    fetched: list[Step] = []
    for step in steps:
        if fetched and fetched[0].offset != step.offset:
            found += fetched
            fetched = []
        if step.do == "import" and not step.how.isupper():
            fetched.append(step)
            continue
        used = [each for each in fetched if f"{step.name}.".startswith(f"{each.name}.")] if step.do == "call" else []
        found += [*used, step]
        fetched = [each for each in fetched if each not in used]
    return found + fetched


class Account:
    """The account of one file and of everything nested in it; `most` is the number of steps told of a stream."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.stories: dict[str, Story] = {}

    def take(self, fact: Fact) -> None:
        """Take in the next fact."""
        path: str = fact.artifact  # type: ignore[attr-defined]
        story = self.stories.get(path)
        if story is None:
            most = self.most if len(self.stories) < SPARE * self.most else 0
            story = self.stories[path] = Story(most)
        story.take(fact)

    def chapters(self, path: str) -> list[Chapter]:
        """The chapters of an artifact that is read to its end."""
        story = self.stories.get(path)
        if story is None:
            return []
        story.chapter(None)
        return story.chapters
