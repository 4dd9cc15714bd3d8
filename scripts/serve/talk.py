"""Conversations through the official client."""

import random

import openai

WORDS = ("cache", "token", "the", "forgets", "question", "of", "words", "2048", "cafe", "what")


def question(chance: random.Random, words: int = 2) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def reply(client: openai.OpenAI, messages: list[dict], tokens: int = 4, **more: object):
    return client.chat.completions.create(
        model=more.pop("model", "tiny"), messages=messages, max_tokens=tokens, **more
    )


def streamed(client: openai.OpenAI, messages: list[dict], tokens: int = 4, **more: object):
    """Text, reason, usage, and what only this server says, of a streamed answer."""
    text, reason, usage, extra = "", None, None, None
    stream = client.chat.completions.create(
        model=more.pop("model", "tiny"),
        messages=messages,
        max_tokens=tokens,
        stream=True,
        stream_options={"include_usage": True},
        **more,
    )
    for index, chunk in enumerate(stream):
        for choice in chunk.choices:
            assert (choice.delta.role == "assistant") == (index == 0)
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
        usage = chunk.usage or usage
        extra = getattr(chunk, "qfilters", None) or extra
    return text, reason, usage, extra


def said(answer) -> tuple[str, str, int, int]:
    """What must not depend on a store."""
    choice, usage = answer.choices[0], answer.usage
    return (
        choice.message.content,
        choice.finish_reason,
        usage.prompt_tokens,
        usage.completion_tokens,
    )


def cached(answer) -> int:
    return answer.usage.prompt_tokens_details.cached_tokens


def turn(role: str, text: str) -> dict:
    return {"role": role, "content": text}
