"""A page of your own with an agent to talk to, in aiohttp: python examples/webrtc_app/with_aiohttp.py

Needs pip install 'hocket[web]'. Open http://127.0.0.1:8000/
"""

from pathlib import Path

from aiohttp import web

from hocket import Agent, Server

server = Server(Agent("You are the waiter of a harbour café. Soup and fish today.", greeting="Good day!"))


async def page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(Path(__file__).with_name("index.html"))


async def a_pass(request: web.Request) -> web.Response:  # ask first who wants it, where it matters
    return web.json_response({"token": server.secret()[0], "ice_servers": server.ice_servers})


app = web.Application()
app.router.add_get("/", page)
app.router.add_get("/pass", a_pass)
server.attach(app, "/voice")
if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=8000)
