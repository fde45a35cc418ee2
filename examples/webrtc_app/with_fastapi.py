"""A page of your own with an agent to talk to, in FastAPI: python examples/webrtc_app/with_fastapi.py

Needs pip install 'hocket[web]' fastapi uvicorn. Open http://127.0.0.1:8000/
"""

from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse

from hocket import Agent, Server

server = Server(Agent("You are the waiter of a harbour café. Soup and fish today.", greeting="Good day!"))
app = FastAPI(lifespan=server.lifespan)
app.mount("/voice", server.asgi())


@app.get("/")
def page() -> FileResponse:
    return FileResponse(Path(__file__).with_name("index.html"))


@app.get("/pass")
def a_pass() -> dict[str, object]:  # ask first who wants it, where it matters
    return {"token": server.secret()[0], "ice_servers": server.ice_servers}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000)
