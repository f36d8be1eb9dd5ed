try:
    raise ExceptionGroup("g", [ValueError(1), KeyError(2), OSError(3)])
except* ValueError as group: print(group.exceptions)
except* (KeyError, OSError): print("others")
