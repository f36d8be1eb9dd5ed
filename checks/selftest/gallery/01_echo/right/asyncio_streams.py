"""Uses asyncio streams, so it serves several clients at once without being asked to."""
import asyncio

HOST, PORT = "127.0.0.1", 9090


async def echo(reader, writer):
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except ConnectionError as error:
        print(error)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(echo, HOST, PORT)
    print("listening on", server.sockets[0].getsockname())
    await asyncio.Event().wait()


asyncio.run(main())
