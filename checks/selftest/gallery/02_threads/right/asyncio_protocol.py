"""No threads at all: an asyncio protocol with callbacks."""
import asyncio

HOST, PORT = "127.0.0.1", 9090


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


loop = asyncio.new_event_loop()
loop.run_until_complete(loop.create_server(Echo, HOST, PORT))
loop.run_forever()
