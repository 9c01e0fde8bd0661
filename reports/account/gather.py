"""Facts gathered to an account: by artifact, and there by stream."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter

from modelaudit.engine.facts import Stream
from modelaudit.reports.account.steps import step_of

NAMES_MAX = 1000  # different steps that are counted beyond the limit
IMPORTS = 200  # imports of a stream that are kept whatever the limit: what is rare must not hide behind what is many
ROOM = 50_000  # steps, streams and counts that are kept of one file, unless more steps of a stream are asked for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Fact
    from modelaudit.reports.account.steps import Step

    Key = tuple[str, str]


class Chapter:
    """The steps of one stream; `stream` is None for what belongs to none. `rest` counts what is left out.

    `streams` is not 0 in the last chapter of an artifact with too many streams: it counts those that have no other.
    """

    __slots__ = ("rest", "steps", "stream", "streams")

    def __init__(self, stream: Stream | None, steps: list[Step], rest: Counter[Key], streams: int = 0) -> None:
        self.stream = stream
        self.steps = steps
        self.rest = rest
        self.streams = streams


class Room:
    """How much may still be kept of one file."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Story:
    """What is known of one artifact while its facts come in."""

    __slots__ = ("_imports", "_late", "_rest", "_room", "_steps", "chapters", "most")

    def __init__(self, most: int, room: Room) -> None:
        self.most = most
        self.chapters: list[Chapter] = []
        self._room = room
        self._late: Chapter | None = None
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
        elif len(self._steps) < self.most and self._room.left > 0:
            self._room.left -= 1
            self._steps.append(step)
        else:
            self._count(step)

    def _import(self, step: Step) -> None:
        """Keep an import, once: its record comes again at the end of the stream, with all its uses."""
        key = step.name, step.how, step.offset
        known = self._imports.get(key)
        if known is not None:
            known.n = max(known.n, step.n)
        elif len(self._imports) < max(self.most, IMPORTS) and self._room.left > 0:
            self._room.left -= 1
            self._imports[key] = step
        else:
            self._count(step)

    def _count(self, step: Step) -> None:
        _add(self._rest, (step.do, step.name), step.n)

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
            self._keep(Chapter(stream, placed, rest))

    def _keep(self, chapter: Chapter) -> None:
        """Add a chapter, or count it when nothing more is kept."""
        if self._room.left > 0 or chapter.stream is None:
            self._room.left -= 1 + len(chapter.rest)
            self.chapters.append(chapter)
            return
        late = self._late = self._late or Chapter(None, [], Counter())
        late.streams += 1
        for step in chapter.steps:
            _add(late.rest, (step.do, step.name), step.n)
        for key, n in chapter.rest.items():
            _add(late.rest, key, n)

    def close(self) -> None:
        """Close what is left when nothing more comes."""
        self.chapter(None)
        if self._late is not None:
            self.chapters.append(self._late)
            self._late = None


def _add(counts: Counter[Key], key: Key, n: int) -> None:
    """Count steps of a verb and a name; names beyond so many are one."""
    if key not in counts and len(counts) >= NAMES_MAX:
        key = "…", ""
    counts[key] += n


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
        self.room = Room(max(ROOM, most))
        self.stories: dict[str, Story] = {}

    def take(self, fact: Fact) -> None:
        """Take in the next fact."""
        path: str = fact.artifact  # type: ignore[attr-defined]
        story = self.stories.get(path)
        if story is None:
            story = self.stories[path] = Story(self.most, self.room)
        story.take(fact)

    def chapters(self, path: str) -> list[Chapter]:
        """The chapters of an artifact that is read to its end."""
        story = self.stories.get(path)
        if story is None:
            return []
        story.close()
        return story.chapters
