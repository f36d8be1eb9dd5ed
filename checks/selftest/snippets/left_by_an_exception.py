clients = {}
def handle(conn):
    with open("/dev/null") as file:
        nick = clients[conn]
    return nick

def main():
    for conn in [1]:
        try:
            handle(conn)
        finally:
            print("cleaned up")

main()
