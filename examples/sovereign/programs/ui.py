"""The chat page: passes each message on to the API, and shows its answer."""

import os

import chainlit
import httpx


@chainlit.on_message
async def reply(message: chainlit.Message) -> None:
    """Answer a message."""
    async with httpx.AsyncClient(base_url=os.environ["RAG_URL"]) as client:
        answer = await client.post("/query", json={"query": message.content})
    text = answer.json().get("response", "The API does not answer.")
    await chainlit.Message(content=text).send()
