"""A handler of socketserver that says goodbye to who says bye, as a polite server does.

fails: 01.1
says: alice got other bytes than were sent
"""
from socketserver import StreamRequestHandler, TCPServer

FAREWELLS = {"bye", "goodbye", "ciao", "пока"}


class PoliteEcho(StreamRequestHandler):
    wbufsize = 0

    def handle(self):
        try:
            while piece := self.request.recv(1 << 16):
                if self.is_farewell(piece):
                    self.wfile.write(b"Goodbye!\n")  # <--
                    return
                self.request.sendall(piece)
        except OSError as error:
            print(self.client_address, error)

    @staticmethod
    def is_farewell(piece):
        return piece.decode(errors="replace").strip(" \r\n!.").casefold() in FAREWELLS


class Server(TCPServer):
    allow_reuse_address = True


if __name__ == "__main__":
    with Server(("127.0.0.1", 9090), PoliteEcho) as server:
        server.serve_forever()
