"""A program that takes digests over HTTP on loopback, and digests to hand to it."""

from digest.base import (
    Chip,
    Column,
    DecisionCard,
    Digest,
    Fact,
    Link,
    Paragraph,
    SectionBlocks,
    Table,
    Text,
    Tone,
    line,
)
from sandbox.http import Request, Response, StandIn


class Receiver(StandIn):
    """Keeps what was posted to ``/digests``; asks for a client's token at ``/token``."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.got: list[Request] = []
        self.status, self.headers = status, headers or {}
        self.route("POST", "/.*", self._take)

    def _take(self, request: Request) -> Response:
        self.got.append(request)
        return Response({"taken": True}, self.status, self.headers)


def a_digest(title: str = "Driftline for leaders, Tue 8 Sep 2026, week 37") -> Digest:
    """A small digest with every kind of piece that a hostile title can stand in."""
    card = DecisionCard(
        1,
        f"Move 6 promises to 16 Nov, or bring {title} forward?",
        "a1b2c3d4",
        (Chip("worsened", Tone.BAD),),
        (Fact("Salesforce", line(Link("OPP-1041", "https://crm.example/OPP-1041"), " promises 30 Sep")),),
    )
    table = Table((Column("Promise"), Column("Days", figures=True)), ((line(title), line("47")),))
    return Digest(
        subject="1 decision, EUR 2.4M revenue at risk",
        title=title,
        blocks=(
            SectionBlocks(
                "bottom_line", "", (Paragraph(line(Text("EUR 2.4M", strong=True), " newly at risk."), lead=True),)
            ),
            SectionBlocks("decisions", "Decisions needed", (card,)),
            SectionBlocks("news", "New and worsened", (table,)),
        ),
        empty=False,
        reason="6 new",
    )
