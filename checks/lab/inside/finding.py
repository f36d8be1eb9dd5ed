"""Which of the containers hold the members, found by what is in them, and what is told of those."""

import collections
import gc
import queue
import socket
import sys
import types
import weakref

import locking
import witness
from accesses import cells, gone, pushed_out, races
from kinds import OF_VARIABLES, PLAIN_ONE, PUTTING, VALUES, sorts
from store import attribute_of, blind, own_dict
from where import places

known = {}  # nick -> port, of those of whom the checker has said that they are members


def find_members(*members):
    """Mark the containers and variables that hold several members, each in an entry of its own; return the names of all that are marked.

    members: NICK:PORT of some who have just joined; those named before are looked for, too.
    """
    known.update(one.rsplit(":", 1) for one in members)
    for cell in list(cells.values()):
        if not cell.is_store and cell.is_held() and len(entries_of(cell.value(), known)) >= 2:
            cell.is_store = True
    return stores()


def without(*members):
    """Unmark those that hold one of these, who has left or never joined, unless all do; return the names of those that are left."""
    wanted = dict(one.rsplit(":", 1) for one in members)
    marked = [cell for cell in list(cells.values()) if cell.is_store]
    kept = [cell for cell in marked if not entries_of(cell.value(), wanted)]
    for cell in marked if kept else ():
        cell.is_store = cell in kept
    return stores()


def is_in(member):
    """Does what is marked hold this member, NICK:PORT? None if nothing is marked."""
    wanted = [member.rsplit(":", 1)]
    marked = [cell for cell in list(cells.values()) if cell.is_store]
    return any(entries_of(cell.value(), dict(wanted)) for cell in marked) if marked else None


def stores():
    return [name_of(cell) for cell in list(cells.values()) if cell.is_store]


def entries_of(container, wanted):
    """The members of whom the container has an entry: one that leads to this member, and to nobody else as directly."""
    found = set()
    for entry in entries(container):
        nearest = members_near(entry, wanted)
        if len(nearest) == 1:
            found |= nearest
    return found


def entries(container):
    """What stands in a container, got without running the student's code."""
    kind = next((base for base in type(container).__mro__ if any(base is one for one in VALUES)), None)
    try:
        if kind in (collections.UserDict, collections.UserList):
            return entries(own_dict(container).get("data"))
        if kind in (dict, types.MappingProxyType, weakref.WeakKeyDictionary, weakref.WeakValueDictionary):
            return list(kind.items(container))
        if kind is not None:
            return [(entry,) for entry in list(kind.__iter__(container))]
    except (RuntimeError, AttributeError):  # it is just being changed, or made
        pass
    return []


def members_near(entry, wanted, depth=4):
    """Who is named in, or connected to, the nearest of what can be reached from this entry."""
    level = list(entry)
    for _ in range(depth):
        found = {nick for thing in level for nick in named_by(thing, wanted)}
        if found:
            return found
        level = [part for thing in level for part in parts(thing)][:300]
    return set()


def named_by(thing, wanted):
    if isinstance(thing, str):
        return [thing] if thing in wanted else []
    if isinstance(thing, socket.socket):
        thing = thing.fileno()
    if type(thing) is int:
        conn = witness.connections.get(thing)
        port = str(conn.peer if conn else thing)
        return [nick for nick, known in wanted.items() if known == port]
    return []


def parts(thing):
    if isinstance(thing, dict):
        return () if dict.__contains__(thing, "type") else [*dict.keys(thing), *dict.values(thing)]  # a message is no member
    if sorts[type(thing)] in OF_VARIABLES:
        return [part for entry in entries(thing) for part in entry]
    if isinstance(thing, weakref.ref):
        return [thing()]
    if isinstance(thing, (types.MethodType, types.BuiltinMethodType)):
        return [thing.__self__]
    if isinstance(thing, (type, types.ModuleType, types.FunctionType, type(None), bool, bytes, float)):
        return ()
    slots = [descriptor for kind in type(thing).__mro__ for descriptor in vars(kind).values() if type(descriptor) is types.MemberDescriptorType]
    return [*own_dict(thing).values(), *(attribute_of(thing, slot.__name__) for slot in slots)]


def name_of(cell):
    """What the students' code calls it, if a variable holds it."""
    if cell.name or cell.home or cell.thing is None:
        return cell.name or cell.home and cell.home.name or ""
    for owner in gc.get_referrers(cell.thing):
        if owner is cell:
            continue
        names = owner if type(owner) is dict else own_dict(owner)
        for name, value in list(names.items()):
            if value is cell.thing and isinstance(name, str):
                is_module = any(vars(module) is names for module in list(sys.modules.values()) if hasattr(module, "__dict__"))
                is_attribute = type(owner) is not dict or any(own_dict(each) is owner for each in gc.get_referrers(owner))  # else the name of an argument
                return name if is_module or "__name__" in names or not is_attribute else f"self.{name}"
    return ""


# ------------------------------------------------------------------ what is told

def fullest():
    """The container or queue that holds the most, and where something was put into it: {"count", "places"}."""
    found = [(len(cell.thing), puts[-1].stack) for cell in list(cells.values()) if sorts[type(cell.thing)] == PLAIN_ONE
             and (puts := [access for accesses in list(cell.history.values()) for access in list(accesses.values()) if access.op in PUTTING])]
    found += [(each.qsize(), each._put_at) for each in gc.get_objects() if issubclass(type(each), (queue.Queue, queue.SimpleQueue)) and hasattr(each, "_put_at")]
    count, stack = max(found, key=lambda each: each[0], default=(0, ()))
    return {"count": count, "places": places(stack)}


def has_bounded_queues():
    return any(issubclass(type(each), queue.Queue) and each.maxsize > 0 for each in gc.get_objects())


def lossy():
    """Where something was put into a full deque, which lets go of what is at its other end: places."""
    return places(list(pushed_out))


def report():
    """What was seen of the members' stores: their names, races, the locks that guard them, and what may have gone unseen."""
    found = [each for each in list(races.values()) if each[0].matters()]
    guards = {id(lock) for lock in guards_now()}
    alone = [lock for lock in guards_now() if len(guards) == 1 and not lock.is_signal]
    return {"stores": stores(), "blind": sorted(blind),
            "races": [{"store": name_of(cell), "accesses": [describe(access) for access in pair], "both_ran": both_ran} for cell, pair, both_ran in found],
            "opposite": locking.opposite_orders(),
            "interrupted": [{"lock": locking.describe_lock(lock, since), "handler": places(stack)} for lock, since, stack in locking.interrupted],
            "guards": [locking.describe_lock(lock, lock.since) for lock in guards_now()],
            "unheld": [{"places": places(stack), "lock": locking.describe_lock(lock, ()), "thread": number, "name": name, "peer": peer}
                       for lock, stack, number, name, peer in list(locking.unheld) if lock in alone],
            "under_lock": [{"call": call, "places": places(stack), "lock": locking.describe_lock(lock, since),
                             "thread": actor.number, "name": actor.name, "peer": actor.peer}
                            for lock, call, stack, since, actor in list(locking.under_lock.values()) if id(lock) in guards]}


def guards_now():
    """The locks that the most accesses to the members hold."""
    counts = collections.Counter()
    kept = {}
    for history in [cell.history for cell in list(cells.values()) if cell.matters()] + list(gone):
        for accesses in list(history.values()):
            for lock, _ in {id(lock): (lock, since) for access in list(accesses.values()) for lock, since in access.held}.values():
                counts[id(lock)] += 1
                kept[id(lock)] = lock
    most = max(counts.values(), default=0)
    return [kept[key] for key, count in counts.items() if count == most]


def describe(access):
    return {"op": access.op, "changes": access.changes, "thread": access.number, "name": access.name, "peer": access.peer,
            "places": places(access.stack), "missed": places(access.missed),
            "locks": [locking.describe_lock(lock, since) for lock, since in access.held]}
