import weakref

class Room:
    count = 0

class Server:
    def __init__(self): self.room = Room(); self.asked = 0
    @property
    def the_room(self): self.asked += 1; return self.room

def binds(server):
    server.room.members = (1,)
    server.room.members = server.room.others = (2,)
    print(vars(server.room))
    server.the_room.members = (3,)
    server.the_room.members += (4,)
    server.the_room.others: tuple = (5,)
    print(vars(server.room), server.asked)
    server.room.members, (server.room.others, *server.the_room.rest) = (6,), ((7,), 8, 9)
    type(server.room).count = 1; type(server.room).count += 1
    print(vars(server.room), Room.count, server.asked, sorted(locals()))
    try: server.nothing.members = print("the value comes first")
    except AttributeError as error: print(error)
    class Inside:
        server.room.members = (10,)
        names = sorted(name for name in vars() if not name.startswith("__"))
    print(Inside.names, server.room.members)

def lets_go():
    rooms = [Room()]; alive = weakref.ref(rooms[0])
    rooms[0].members = ()
    rooms.clear()
    return alive()

binds(Server())
print(lets_go())
