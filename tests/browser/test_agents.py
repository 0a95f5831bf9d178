"""An agent by the official MCP client, beside a person in Chromium."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Stage
from tests.support.agents import an_agent
from tests.support.server import until

pytestmark = pytest.mark.browser

TEXT = '{{role "system"}}\nYou triage for {{shop}}.\n\n{{role "user"}}\nRefund within 14 days, please.\n'

MORE = "se.\nWrite one short paragraph, warm and plain."


def as_agent(stage: Stage, key: str, work: Any) -> Any:
    """In a thread of its own: Playwright's loop runs in this one."""

    async def run() -> Any:
        async with an_agent(stage.server.url, key) as agent:
            return await work(agent)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result(30)


def test_an_agent_lists_gets_and_edits_and_is_seen(stage: Stage):
    made = stage.api("POST", "/keys", {"name": "Copy agent", "scopes": ["read", "write"]})
    prompt_id = stage.prompt(TEXT, "browser/agent")
    stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": "1", "labels": ["production"]})
    editor = stage.open(prompt_id)
    editor.line(3)
    editor.press("End")
    editor.type(" Typed by the owner.")

    async def work(agent: Any) -> Any:
        listed = await agent.list_prompts()
        got = await agent.get_prompt("browser/agent", {"shop": "Larkspur"})
        edits = [
            {"old_text": "14 days", "new_text": "30 days"},
            {"old_text": "se.\n", "new_text": MORE},
        ]
        edit = await agent.call_tool("edit_prompt", {"prompt": "browser/agent", "edits": edits})
        return listed, got, edit

    listed, got, edit = as_agent(stage, made["key"], work)
    assert "browser/agent" in [one.name for one in listed.prompts]
    assert got.messages[0].content.text == "You triage for Larkspur."
    assert not edit.is_error
    flag = editor.page.locator(".peer-caret .peer-flag")
    expect(flag).to_have_text("Copy")
    expect(editor.page.get_by_role("button", name="Follow Copy agent")).to_be_visible()
    until(lambda: "Refund within 30 days, please." in editor.text, 5, "the agent's words")
    assert "Typed by the owner." in editor.text
    if folder := os.environ.get("AGENT_SCREENSHOTS"):
        editor.page.screenshot(path=f"{folder}/agent.png")
    editor.line(6)
    author = editor.page.locator("[data-status=author]")
    expect(author).to_have_text("Copy agent, not published yet", timeout=10_000)
    expect(flag).to_have_count(0, timeout=12_000)
