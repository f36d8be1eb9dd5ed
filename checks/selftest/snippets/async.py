import asyncio
class Room:
    def __init__(self): self.n = 0
    async def __aenter__(self): return self
    async def __aexit__(self, *_): print("left")
    def __aiter__(self): return self
    async def __anext__(self):
        self.n += 1
        if self.n > 3: raise StopAsyncIteration
        return self.n
async def agen():
    for i in range(3):
        yield i
        await asyncio.sleep(0)
async def main():
    async with Room() as room, Room():
        async for x in room: print(x)
        else: print("over")
    print([x async for x in agen() if x], {x: y async for x in agen() for y in [x]})
    print(await asyncio.gather(*[asyncio.sleep(0, i) for i in range(2)]))
asyncio.run(main())
