"""What one section says of an edition, as plain text in one paragraph per block."""

import re

from digest.base import Digest, Edition, SectionBlocks
from digest.brief import sort_edition
from digest.compose import all_sections
from digest.render import render_text


def section_text(name: str, edition: Edition) -> str:
    """The text of a section; empty when it has nothing to say. Line breaks and addresses are left out."""
    section = next(section for section in all_sections() if section.name == name)
    blocks = section.compose(sort_edition(edition))
    if not blocks:
        return ""
    digest = Digest(subject="", title="", blocks=(SectionBlocks(name, "", blocks),), empty=False, reason="")
    return " ".join(re.sub(r"<https?://[^>]*>", " ", render_text(digest)).split())
