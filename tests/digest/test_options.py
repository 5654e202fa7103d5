import subprocess
import sys

import pytest
from pydantic import ValidationError

from digest.audiences.recipients import is_mail_address
from digest.language import ENGLISH, Language
from digest.options import DigestOptions, MailOptions, SmtpOptions, Weekday
from model.findings import Severity
from model.secret import Secret


def smtp(**changes: object) -> SmtpOptions:
    return SmtpOptions.model_validate({"host": "smtp.acme.example"} | changes)


def digest(**changes: object) -> DigestOptions:
    return DigestOptions.model_validate({"recipients": ["coo@acme.example"]} | changes)


def mistake(build: object, **changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        build(**changes)  # type: ignore[operator]
    return str(caught.value)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_security_when_none_is_given(security: str, port: int):
    assert smtp(security=security).effective_port == port
    assert smtp(security=security, port=2525).effective_port == 2525


def test_encryption_is_on_unless_somebody_says_otherwise():
    assert smtp().security == "starttls"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_no_encryption_is_allowed_to_this_machine(host: str):
    assert smtp(host=host, security="none").effective_port == 25


@pytest.mark.parametrize(
    "host", ["smtp.acme.example", "10.0.0.5", "0.0.0.0", "localhost.acme.example", "127.0.0.1.nip.io"]
)
def test_no_encryption_to_another_machine_is_refused_with_the_reason(host: str):
    """M4, reliability M7."""
    assert "readable for everyone on the way" in mistake(smtp, host=host, security="none")


def test_a_password_without_encryption_is_refused_even_on_this_machine():
    text = mistake(smtp, host="localhost", security="none", username="x", password="env:SMTP_PASSWORD")
    assert "a password is not sent without encryption" in text


@pytest.mark.parametrize("half", [{"username": "x"}, {"password": "env:SMTP_PASSWORD"}])
def test_username_and_password_come_together(half: dict[str, str]):
    assert "belong together" in mistake(smtp, **half)


def test_a_literal_password_is_refused_and_not_repeated():
    text = mistake(smtp, username="x", password=Secret)
    assert "a secret is written as a reference" in text


def test_the_options_never_print_the_password():
    options = smtp(username="x", password=Secret("env:SMTP_PASSWORD", "hunter2"))
    assert "hunter2" not in f"{options!r} {options} {options.model_dump()} {options.model_dump_json()}"


@pytest.mark.parametrize("host", ["", " ", "smtp\nacme", "smtp\x00"])
def test_a_host_is_one_line_of_text(host: str):
    assert mistake(smtp, host=host)


def test_the_domain_of_message_ids_is_the_senders_unless_given():
    """M2: never the name of a container."""
    mail = {"sender": "driftline@acme.example", "smtp": {"host": "smtp.acme.example"}}
    assert MailOptions.model_validate(mail).effective_domain == "acme.example"
    assert (
        MailOptions.model_validate(mail | {"message_id_domain": "id.acme.example"}).effective_domain
        == "id.acme.example"
    )


@pytest.mark.parametrize("days", [[0], ["0"], [1, 2], "0-4", ["monday"], [True], []])
def test_weekdays_are_written_by_name(days: object):
    """A numeric weekday means Monday to one scheduler and Sunday to another."""
    assert "days" in mistake(digest, days=days)


def test_weekdays_by_name_are_understood():
    assert digest(days=["mon", "thu"]).days == (Weekday.MON, Weekday.THU)
    assert digest().days == (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)


@pytest.mark.parametrize("at", [1050, "7:00", "24:00", "07:60", "07:00:00", "noon", ""])
def test_a_time_of_day_has_hours_and_minutes_in_quotes(at: object):
    assert 'in quotes with hours and minutes: "07:00"' in mistake(digest, at=at)


def test_the_time_of_day_is_given_as_a_time():
    assert digest(at="17:30").local_time.isoformat() == "17:30:00"


@pytest.mark.parametrize(
    "recipients", [[], ["coo"], ["a@b\r\nBcc: x@y"], ["COO <coo@acme.example>"], ["a@acme.example", "A@ACME.example"]]
)
def test_recipients_are_plain_addresses_and_named_once(recipients: list[str]):
    assert "recipients" in mistake(digest, recipients=recipients)


def test_a_recipient_is_an_address_or_has_a_language_and_figures_of_their_own():
    """What a recipient does not say is that of the digest; figures of another language's place are not mixed in."""
    written = ["a@acme.example", {"address": "b@acme.example", "language": "en"}, {"address": "c@acme.example"}]
    options = digest(recipients=written, language="de", numbers="de_CH")
    assert options.addresses == ("a@acme.example", "b@acme.example", "c@acme.example")
    assert options.readers == {
        "a@acme.example": Language("de", "de_CH"),
        "b@acme.example": Language("en", "en"),
        "c@acme.example": Language("de", "de_CH"),
    }
    assert digest().readers == {"coo@acme.example": ENGLISH}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": "xx"}, "the languages are en, de"),
        ({"numbers": "../de"}, "such as de_CH"),
        ({"recipients": [{"address": "coo"}]}, "name@example.com"),
        ({"recipients": [{"address": "a@acme.example", "language": "latin"}]}, "the languages are en, de"),
        ({"recipients": ["a@acme.example", {"address": "A@acme.example"}]}, "listed twice"),
        ({"recipients": [7]}, "recipients"),
    ],
)
def test_a_language_that_nobody_wrote_and_a_place_that_there_is_not_are_mistakes(
    changes: dict[str, object], message: str
):
    assert message in mistake(digest, **changes)


@pytest.mark.parametrize("given", ["major", "Major", Severity.MAJOR])
def test_a_severity_is_given_by_name_and_written_by_name(given: object):
    options = digest(minimum_severity=given)
    assert options.minimum_severity is Severity.MAJOR
    assert options.model_dump(mode="json")["minimum_severity"] == "major"


@pytest.mark.parametrize("given", ["huge", 3, None])
def test_an_unknown_severity_names_the_known_ones(given: object):
    assert "notice, minor, major, critical" in mistake(digest, minimum_severity=given)


def test_unknown_keys_are_mistakes():
    assert "Extra inputs are not permitted" in mistake(digest, receivers=["x@acme.example"])


@pytest.mark.parametrize("options_type", [SmtpOptions, MailOptions, DigestOptions])
def test_every_option_is_described(options_type: type[DigestOptions]):
    undescribed = [name for name, field in options_type.model_fields.items() if not field.description]
    assert undescribed == []
    options_type.model_json_schema()


@pytest.mark.parametrize("address", ["a@b", "first.last+tag@mail.acme.example", "o'neil@acme.example"])
def test_usual_addresses_are_addresses(address: str):
    assert is_mail_address(address)


def test_the_options_are_read_without_the_libraries_that_render_and_send():
    """The command line reads them for every call and must answer at once."""
    program = "import sys, digest.options; print(*sorted({'jinja2', 'css_inline', 'smtplib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
