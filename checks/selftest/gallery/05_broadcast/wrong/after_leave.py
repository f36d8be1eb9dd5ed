"""Chat room that works off all lines of a piece; after a leave the lines behind it are still said.

fails: 04.3
says: walter heard something else first
"""
import json
import socket
import threading

HOST, PORT = "127.0.0.1", 9090
MAX_LINE = 65536

sohbet = []  # odadaki istemciler


class Istemci(threading.Thread):
    """bir istemci (one client)"""

    def __init__(self, soket):
        super().__init__(daemon=True)
        self.soket = soket
        self.isim = None
        self.devam = True

    def gonder(self, **mesaj):
        try:
            self.soket.sendall(json.dumps(mesaj).encode() + b"\n")
        except OSError:
            pass

    def herkese(self, haric=None, **mesaj):
        for istemci in list(sohbet):
            if istemci is not haric:
                istemci.gonder(**mesaj)

    def run(self):
        kalan = b""
        try:
            while self.devam:
                veri = self.soket.recv(4096)
                if not veri:
                    break
                satirlar = (kalan + veri).split(b"\n")
                kalan = satirlar.pop()
                for satir in satirlar:
                    if len(satir) >= MAX_LINE:
                        raise ValueError("uzun")
                    self.isle(json.loads(satir.decode("utf-8")))  # <--
                if len(kalan) >= MAX_LINE:
                    raise ValueError("uzun")
        except (OSError, ValueError, RecursionError) as hata:
            print("hata:", ascii(str(hata)))
        if self in sohbet:
            sohbet.remove(self)
            self.herkese(type="system", text=self.isim + " gitti")
        self.soket.close()

    def isle(self, m):
        if not isinstance(m, dict):
            raise ValueError("nesne degil")
        tur = m.get("type")
        if tur == "leave":
            self.devam = False
        elif tur == "join" and self.isim is None and isinstance(m.get("user"), str) and 1 <= len(m["user"].strip()) <= 32:
            self.isim = m["user"].strip()
            sohbet.append(self)
            self.herkese(type="system", text=self.isim + " geldi")
        elif tur == "chat" and self.isim is not None and isinstance(m.get("text"), str):
            self.herkese(haric=self, type="chat", user=self.isim, text=m["text"])
        else:
            self.gonder(type="system", text="olmaz")


if __name__ == "__main__":
    dinleyici = socket.create_server((HOST, PORT), backlog=100)
    while True:
        Istemci(dinleyici.accept()[0]).start()
