w, x, d = 10, 3.14159, {"k": [1]}
print(f"{x:{w}.{2}f}|{d['k'][0]!r:>5}|{d!s}|{x=:.1f}|{{}}|{'nested ' + f'{w:>{5}}'}|{d}|{[i for i in d]}|{w:,}")
print(f'''{
    d["k"]
} and {x!a}''' f"{1}" "plain" rf"\n{w}")
