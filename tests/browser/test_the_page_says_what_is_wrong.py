"""What a person is told when microphone, address or server are not as they should be; keys alone suffice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from relay import Relay

from bench.browser_page import Visit, chromium, visit
from bench.browser_serve import Served, quiet, served
from bench.browser_ways import WAYS, talk_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

WEB = Path(__file__).resolve().parents[2] / "agent" / "web"
SPOKEN = re.compile(r"\bSorry\b|\bfour\b|\b4\b", re.IGNORECASE)
"""How a reply to typed words begins, or what is in it: the practice brain hears, and does not read them."""
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def browser(server: Served) -> Iterator[Browser]:
    with chromium() as one:
        yield one


def words(seen: Visit) -> str:
    """The problem that the page shows, once it shows one."""
    place = seen.page.get_by_role("alert")
    place.wait_for(timeout=8000)
    return place.inner_text()


def sessions(seen: Visit, count: int) -> list[str]:
    """The sessions that the server made, once they are so many."""
    made: list[str] = []
    for _ in range(80):
        seen.drain()
        made = [event["session"]["id"] for event in seen.events if event["type"] == "session.created"]
        if len(made) >= count:
            break
        seen.page.wait_for_timeout(100)
    return made


def test_a_refused_microphone_is_told_with_what_to_do_and_typing_is_offered(
    browser: Browser, server: Served
) -> None:
    with visit(browser, granted=False) as seen:
        seen.page.goto(server.url)
        seen.page.get_by_role("button", name="Start talking").click()
        told = words(seen)
        assert "may not use the microphone" in told and "press the button again" in told
        seen.page.get_by_role("button", name="Type instead").click()
        seen.page.get_by_role("textbox", name="Write instead").fill("what is two plus two")
        seen.page.keyboard.press("Enter")
        seen.page.locator("#captions").get_by_text("what is two plus two").wait_for()
        seen.page.locator("#captions").get_by_text(SPOKEN).first.wait_for()
        assert seen.crashes == [] and seen.policy() == []


def test_a_page_that_is_not_secure_says_where_to_open_it(browser: Browser) -> None:
    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1].partition("?")[0] or "index.html"
        file = WEB / name
        if file.is_file():
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        else:
            route.fulfill(status=404, body="")

    with visit(browser) as seen:
        seen.context.route("http://hocket.example/**", answer)
        seen.page.goto("http://hocket.example/")
        seen.page.get_by_role("button", name="Start talking").click()
        told = words(seen)
        assert "https" in told and "localhost" in told and "--lan" in told


def test_everything_can_be_reached_and_begun_by_keys_alone(browser: Browser, server: Served) -> None:
    with visit(browser) as seen:
        seen.page.goto(server.url)
        reached = []
        for _ in range(20):
            seen.page.keyboard.press("Tab")
            reached.append(seen.page.evaluate("() => document.activeElement.id"))
            if reached[-1] == "talk":
                break
        assert reached[-1] == "talk", f"reached by Tab: {reached}"
        seen.page.keyboard.press("Enter")
        seen.page.get_by_role("button", name="Hang up").wait_for(timeout=8000)
        assert seen.page.evaluate("() => document.activeElement.id") == "talk"
        seen.page.get_by_role("button", name="Mute").press("Enter")
        assert seen.page.locator("#mute").get_attribute("aria-pressed") == "true"
        seen.page.get_by_role("button", name="Hang up").press("Enter")
        seen.page.get_by_role("button", name="Start talking").wait_for(timeout=8000)


def test_a_server_that_goes_away_is_told_of_and_the_page_comes_back_with_it(
    browser: Browser, voice: str, tmp_path: Path
) -> None:
    with visit(browser, before=WAYS["ws"].before) as seen:
        with served(tmp_path / "first.log", settings=quiet(voice)) as first:
            port = first.port
            talk_to(seen, first.url)
            first.kill()
            assert "Trying again" in words(seen)
        with served(tmp_path / "second.log", settings=quiet(voice), port=port):
            seen.page.locator("body[data-state=live]").wait_for(timeout=20_000)
            assert "no longer knows what was said before" in words(seen)
            assert seen.crashes == []


def test_a_lost_connection_is_taken_up_again_where_it_was(browser: Browser, server: Served) -> None:
    with Relay(server.port).running() as network, visit(browser, before=WAYS["ws"].before) as seen:
        asked: list[str] = []
        seen.page.on("websocket", lambda socket: asked.append(socket.url))
        talk_to(seen, network.url)
        seen.drain()
        token = seen.events[0]["session"]["hocket"]["resume"]
        network.cut()
        made = sessions(seen, 2)
        assert [token in url for url in asked] == [False, True], "the first pass is good for one resumption"
        assert made[0] != made[1]
        seen.page.locator("body[data-state=live]").wait_for()
