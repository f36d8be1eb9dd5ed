"""No threads at all: asyncio streams."""
import asyncio

HOST, PORT = "127.0.0.1", 9090


async def handle_client(reader, writer):
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except ConnectionError as error:
        print(error)
    finally:
        writer.close()


async def main():
    await asyncio.start_server(handle_client, HOST, PORT)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("stopped")
