"""Announcements of written movies and people, by which workers forget the replies that show them."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# A payload has less than 8,000 bytes; the time tells how late it arrives.
ANNOUNCE = """
CREATE FUNCTION announce_replies(kind text, ids int[]) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify(
        'marquee_replies',
        kind || ':' || extract(epoch FROM clock_timestamp()) || ':'
            || CASE WHEN cardinality(ids) > 500 THEN '*' ELSE array_to_string(ids, ',') END
    )
    WHERE cardinality(ids) > 0
$$;
"""
# A version shows in a reply even when nothing else of the row changed.
ROWS = {"movies": "movie", "persons": "person"}
CHANGES = """
CREATE FUNCTION announce_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_replies(entity, array_agg(entity_id)) FROM added GROUP BY entity;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_catalog_changes_announced AFTER INSERT ON catalog_changes
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION announce_changes();
"""


def announced(table: str, kind: str) -> str:
    return f"""
CREATE FUNCTION announce_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_replies('{kind}', array_agg(id)) FROM written;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_{table}_announced AFTER UPDATE ON {table}
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION announce_{table}();
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return "\n".join([ANNOUNCE, CHANGES, *(announced(table, kind) for table, kind in ROWS.items())])


async def downgrade(db: BaseDBAsyncClient) -> str:
    rows = [f"DROP TRIGGER tr_{table}_announced ON {table}; DROP FUNCTION announce_{table}();" for table in ROWS]
    return "\n".join(
        [
            *rows,
            "DROP TRIGGER tr_catalog_changes_announced ON catalog_changes; DROP FUNCTION announce_changes();",
            "DROP FUNCTION announce_replies(text, int[]);",
        ]
    )


MODELS_STATE = (
    "eJztXetz4ji2/1dUfOmeW2yqQx7dm97aKpLQPZlJIJeQmentTBFhC9DEWIxtQnNn+3+/et"
    "j4JRvbvIxHX1LB1pHhd2TpvM9ftQm0/pwhdPQJG6h2Af6qmXDC/gnfqIManE4Dl9kVBw44"
    "TW1Ih9h8zMB2LKg59OIQGjail3RkaxaeOpiYbGjTBLOpQaCOdEAGfyDNAdDUwXwMHTBAGn"
    "02IEOAnSM2nU40Oh82R7kon8wn89lG9FuaGrKeAbaBwwbRu84YAQPaDrAdYsERAugVmXSe"
    "6dTASL8AxDQWAAITzZFFPyAwgQugjaFJhzJai8yPQI/+g3Xbne/JdL+Vxb+O+xAyN+kFDV"
    "rWAgyJhfDIBC9oYYO3D60eaD/e3v4gvhQbPMEjCzKA6ONekH0BoA063TtgIYNfZt8fLcCc"
    "zAz9yRwgoGFLmxnQ4iDNTEx/at8hI0SHWRSqr19rg5n2ghx2mz619vvv9B9s6ugbZRO9zz"
    "5OX/pDjAw9xHOsMxJ+ve8spvzajel84gMZQwZ9jRiziekPni6cMTGXo7HJnzpC9PdDB7Hp"
    "HWvGFoI5Mwx3wXhrQ3x1f4j4igEaHQ3hzGDLiVGLL+Bfq/X77U6vTxHt92uxpeZRBNaQe0"
    "mjkNJlSr+qzX/9iH2FfzSOT9+ffjg5P/1Ah/Cvubzy/rt4tA+MIOTwtHu17/w+dKAYwTH2"
    "QdUsxJDoQycO7jW94+AJkiMcpowgrbukR94/Udw9lNOA9y74yPvvbSr0bTJ/+8MaoKcg2r"
    "u5az30mnf3bPqJbf9pcKSavRa70+BXF5Grb8/5l6EvtSa2pOUk4Neb3o+AfQT/6bRbHEhi"
    "OyOLP9Ef1/tPjX0nOHNI3yTzPtSDaHiXvUt0qM/g2VQvyOAwpWJwSRn8QtGLs/ZqDK2WOZ"
    "tw1t7QHw/peRNjsUcbYS6FaqfsTN0qa81fmr1mlx48r3QTs57M+85Dr0U/MyAR/XzZvPr5"
    "utu5vwADqL3oFpnSMa3uQ6fdv/+x0+vQkciy6c+bjolDokd3wrY7gd/6BjJHzph+PD5PWT"
    "C/NLtXPza7b4+ji6Dt3mnwW99DTKP8cFBRri2J98y2KTJ1BmKcZfet9vVN+zNDng+hDOl2"
    "rloPD+KiRTRk2/x6t9W8/nJBpQmoL9inn1pXvdY1u8CEKERFitZv9zdddgl9m2KLXblu3b"
    "b4IB0ZiP3OIixtZGFpI5mljShLmZzZ5x+kbJXvsSGiMr+F2QWWEMyNs7MMONNRiUDze2Gk"
    "J/S4ESjlQDpEVEGkjxtpgqC/ot+nLOn3UaR9ST0rzD5FBTE+P8kA8flJIsLsVhhgpgDlQN"
    "cdXkFoj981TrOsXzoseQHzm98j4q/Qf/u5tMcI1Wo1UoK3qyWmwH14emRgDyavGOUDNUii"
    "EI0h6gqpuSAN0ShMY5ja+P9Qf7BwhAEwDOolHiXiGqYrBGzptlsB7T8bjZOT9413J+cfzk"
    "7fvz/78G6JcfxWGtiXN58Z3qGtOM4AHWkGpEJ73x7Dxtm5jAsmtBZyLkiII6xYsmjtVb5T"
    "XqTBetu5DFke6Ol2edNudr+8vWv+9kPI/HDbaX/2xgetCpdfeq1mhBFCebILmIHClKUyA2"
    "2dGwdnDEIOHOURKL3xe5YoN6gFfcikBX1I0YI+RGXIV3rK4oSjORnaMFVlAN6SnL50ieWB"
    "OERUFYTPs+B7nozueQzbOdbpzNmlyuX4LUmU+5B7NiZSjhEejSWHaCKaPoGCUyKhF5ALlT"
    "i4tjjojGeTwRjakm0hDfkQmQK/IPg6mVCMTYcBS3IdeHHKqpx6WYzXyabrmOEaU33FxBPo"
    "eociK5wQA0EzIXAkTBld5JR0lwDLA5U2srg7ndvQ4r68iWjz7ce7yxYV5TjqdBB2EpR84a"
    "tjsq6FoE2/YY4VLaOtypo+yeJjPEn2MZ7EfIw+WjrV3LBRDGmftipIn717lwFqOioRa37v"
    "+3cWfDZ8CURKsQssrGAOLb0fuhPkiqljHgsn2Wtc2k8/d92AOQnuwWjGrjfZ4VpS/KvucR"
    "9awyKMo0+Ga4L1aKMsq7Wc4kY6RF4cy/og3TGfS0VREvE/CqNUjCwqylgLEfq0PlT33N9U"
    "Vaw2idG9F2tWlS2cHYSkQZKOxvitSWMSvQJNOOI/iT37ez3p4EsK9A8djSsi/vvhQ3l17H"
    "/HRIC5/Xig/JBYExGUD8EUa87MQvGY/0wU0gD4oZu1IIjYf0uTm2stUkHxKihexUyroHjF"
    "4GIM9nfWIgHWPnWZI+1qP923Pl+AP6Zo9GT+2rq8vwBzNJg+mc1fbj6xcHk8jJ5ZWXTpLA"
    "7UZPdpzHm6W+dT2cSpQ/c+VR1PFSC25wCxvfj/ygb9HnxQ+ww836/usJNwFq6C5tLNAhRV"
    "2k7W2qlj1vgwwHF0P4ls9p/RIibgpZjcDxDdJDMNvWzB+dJOEFxV3PHD8uX4m958uGpet2"
    "rfk/0bWzX4PLD8vwRTj3evnmrkscWoXNadkfkPbHJzDTQMYKEh3SDHwCEvyHTLMDAyxMw5"
    "Fpmwcg2gZbKSDt7DALToPHM0dQCh68pLSUyyDW31eRLL0jpGo8fHm+scVqPZDOtHjGY7B0"
    "DtX8OZyb2VgD+J/Tn9d23356/w0QpVNnim8p+ebkWiPx/l8tAuCarilj3O5JY9TnHLHgu3"
    "bDhPBln9/KFLITIlNxaVG/nmVSibI0qpeFCUB8o8XXHrJasC1Z/ZhVgcpVVMLimTDysja5"
    "cqepW4bKFXeu4VeZHDlBvgcjljMirBZbrf5q0wYK9XXaBsYtCWzT0zW5YZlt/ckzFosGzo"
    "ZjX3BFZVqcw9HHaZrcfjR4qhh/2m7PU7oaaRmSmv0OndYzU4WZ1M+oLTPcBmNThfmIkFmZ"
    "q1mNJF8RE8ownEBtcXeY1OyApkIh2wC6KSpw1M5iU2MBW1ePRPHQwWYD7G2pjeZTRi8TDz"
    "z5M5pA/WRXVO9nsYDIEhc0wX68wBFhpRrIFDgAbtxPghFRqkQoOUWK5CgxSDC8tqecv0BW"
    "nKHBJU1E57lslOe5Zipz2L2WmH2LKdAgURg1SVMYRvA2Bu6cmLb4hIwZsCr5AAlzJhPmO3"
    "hFjZu+sF7d2+LF6ECcrnsy7+U2jbc0KVQDkLkjebGGEFz86tVLhlSeiag18lW/vK5PUl3Z"
    "5T15daX4kz1yletgOHspSvFTAvyVSBgGwwz6bIklvxVkIdJFVwr4abqZj9Pwg2ZVJLug4b"
    "IVVKbEmVWC7GG2SEzaIu4iCxci6VmdcicAZNiZYnjyZCtV8n07s1pK0NZ3xYFHy3NGMONC"
    "NU+0XzuDxousU8crkaQjSqJt5K36fAaxPez4zB7iWDN6vzM7SuQu5Pr61dmv8zWIrUjyyP"
    "SKp56kAEwtgPTMHNVC1jCF+JheWJc7lqHrnzZK3CcpBgsQ6K5mhdqDhEXT5VVYGaQ0cbG9"
    "iWyLS5oPrVm+fGQZOqgqVje4JtW2qbzgPWtTdPF2lkMkGmvqSoCmy5oluC5ZOIPNHMw7dj"
    "oh6hfzLWK7v356vGGRwWBpnpETuSxNKCcDUDE1YEryKRU96qSQqgCqyqFXFUfXdBZ4yn+p"
    "WlqEEesQQcZBg2gAMWp+SM0cRGxitrB8waEVPtyB1WBxOoi4Am3j04MRxrs1OrKCkVJaXs"
    "jypKSjF4UwweYBLnbA99S9gY3eGHG1CSxrvWb70Q2zzXrdyr7g0POG6umKM90lkTW864z9"
    "0tBUNMkmZQZfkLhjl4Fo0+RcqS2TV+eui0E6LW4qTRnQ1rDvgv8FTbnb0SD38a1+LT26fa"
    "m6+/v3mqbWmLY+ikvybRNyLCEzZB9DUxiYOHWOPKAhVe0RBZrOFPLuakzVFKLv31/cC4VI"
    "L0p4MXp2MOgDypOqsSpTy9e9tpUnvlwnaSpNZLfLqiGpJBRldjaI7kCnx4RD1VhdfE2L7G"
    "B+cofSMIRHVi3oYXEAuI5rF1lrzEFWp30BDxBKhvWH8Gb7HJbzFFbwBtSmYaix8osU5pWZ"
    "qTDYfIWMjr3+zioRtW/NNK/lVM999Jnb9kCwEyHamlMKVV5ZKiglGkx9kK5aTUyYmFr3O4"
    "8p3KIRqVliyJd3ihvyPPovXGqyWbYckqq2EFjUprybWblMToO0rlpIQ8dP/uCgnMG5c1Ix"
    "0sKeoATqHliFJ/TL7hMhEXaOgDEWSyjSnJWy8yw2qx6GvNSwKju/3vyjuivCNqn1PeEcXg"
    "bAzOm3VbkoTbg8l/C36zGMzJXqgIWSG0D8cPshW/lEVk4U7Z2qZ4tCXGvXbbal7ftD9fAA"
    "NBnQL/ZD483t93uj1+0Z5Np8Ry+PXL5tXPn7udx/b1BWAy6MhiNXyi8lkmTSlLH9jj5D6w"
    "x/E+sCqJYXfm9kCAG5eyodwBlT+UN6R0HNghsJlIy9xKHIv4shY1qQrn3qunK3B8FM5qPK"
    "fal5hWqpgFbqkINKVjKRFc6ViKwZti8H51rFL1KNpCFwVsk/7J8fl5/zgPxmGqjcj5JQI6"
    "i5ieLKUrIb0cQrowim9CPi+N1rrZNB0RgrEuQpVrBb9VxeUziwutydQWcaeeqrT4UaVZNB"
    "Y++qMoUZy5znBEtSk0h9KBlA6kRGSlAykGb4rBys+0XS3IJNICFskepiVBiX0cpfUtORP6"
    "tFwnfYBiI4WCKnDcK/2yDPplYo5Yfi1zqQAc2Pa8H0VKKOYyRWqpsqcoUr5tIIsixUcfge"
    "dXuun3/+eZN/J9npLpzIAWdhbPQCNUNVpG49lkZmmIRePNoQ3whHmSkWjt+xGQuQncKkC8"
    "qS//tg8OdGyZ+rXDJyulTSltSqZXSpti8KYYrMTcjYq5OAnOFDdVIp4H76PafCyZg52kkL"
    "+E1eoRVNDKcJbJynCWYmU4i1sZiIVH2IRGPzfUccoq2B12APkeA4g3t8APybQDRwY2JWs7"
    "GesAicI5c9mgmU71NIngiDQ8gYYcaZ8oKjMKqiOX+vB2khT4r1tXN3fN27eN43oj0jHD48"
    "NpbNuw0CsyZ5JlnIpvgEoBvApgA0Eb8bJVcvUnCeIwXZryUy2UqUYTPdtmFpQfbIkKRpBE"
    "VdyP6xhMBWTVUaGTr79ZmKx6stlWkruYJVi3yDQ33DFCBXgmwLkVGb5SUEaSTfeTQWDCth"
    "EljOA9ZJS7lNTeHa3RSCZtk+08Xt62wH2XHmkPN26BtKVNid8MH3DdVvNWBjLPCMmxL4eJ"
    "VI+e5XbseTpyLdcwmVqsyYt1gnQMBTTS/Xd1rmd4hj0rcBPP9Rdx4d11frlpXQhv2pPZ+4"
    "Vu/q9Rb1u22JNNl7qhqDozifs4G/g+dYlPwFr38a7TbV1fAGs2IRbSn8z722a7za5MDWia"
    "7MpNu3/f7Vw/XvXoSr4AmBXoJPpMY3PQ8Z2HXug+E7hCI7qt21bzgT9EaAh0zqtm+4pept"
    "c0hp6BCiXtNrLwvJHM80ayGZD++NFMehZnsAQGiUvM/cJRXpt+0/zVQtGcTKEpTQ5Irh6b"
    "RF/KyrEHV983hG4gM7cQdwL0ijub4I495U0kvS0nF2dktIorm+BKatxfWgXTioX+7aSCqc"
    "Rskcu1H6FSxrc4sG4ZhXy4hokUrJIu4NhCmkNyFmaPUClgE43FuWAN0ShQV/a89ZahxP6T"
    "u+tt1TJV65F69pFXNqHzrWTH3QS4gao71UQ3fNCEwO22Hnrdm6teTbI9bALbardrDm2JGR"
    "atJ0kpZFchG5E512iFrcG1O/FWt9JZyKCukoKyg6Vah6vW4ZsHatk6HK3bD1s1D1fNw5Ng"
    "M6mkMR4QayMvZDs4WVXQypX+GfaIpoCao3O4n+BYHREvd9/wiNiVmDCbtfGFEHDWaH/xxg"
    "Z++VyATa8pWJ0nt87HhDmFF6yZxUfwzCpJP4Mxsli9IdMG5BUt24UtpyPz9HYZ23uiyplV"
    "ObMqpVLlzCoGb4rBqu3AIbQdGGDDoM/v81aceZygUToV6apq+GzDk+zJajl9yREy1flSgq"
    "1QAHLhGiRRmMo8ydwzmdOTHKRRnuSVnuRlbPi6PqOqWZnrEa9R8G2V90WXbrUbcSJX0D0U"
    "hTd6yGTxJC8DF1QIxApfcnBTzO3v3H7BuuTy32Fv30oDXL5K4JzmjQ0GyCDmiALNynVDUd"
    "w7sexc2niJ4eurv8PycaKZbKjT7Mj7eWKk6jarjGPKdqKMY4rBGRnM9898WkKQRKleSp1V"
    "mleJpdd8mtdSmloX1qrFmEVhDe6BCdrWPnUCEaGQqBMsAxhW6gTLyIkMKsFoxPr2OMgGZA"
    "juxJTCse3ViK6DFzR1wGBBMcWjEbI+AjiFliOqTYsC2nXmPbcRsMjcBvTxCzAzHTLTxkiX"
    "qBW7eeYaPvlSnAWV1kEEn3OXR4mSKbdRGE97NomjmZoBGqI7dDh3nADqgidpmLkKb1m3zI"
    "NDe9OLt5Efx4bCMY7jSX4cTxSOcRxP8+N4qnCM43iWH8ezvz2OMTU6j2ayUuX2gqe3rnDv"
    "VYjdnLq9QVXP9bzJ1DzfKZei4gWa9a5W7x7IBBET8djmCdSRF/EMiMVjnZHOwqDpiLiWlp"
    "30yXwyn6cWpt920Z+OiUOewZAYBtPLnsVvumdXj7Ddd4c9B1S7CzBnOVvAGUOnDkwk4qxx"
    "1mZEX2sGtJ2+3xjRCnyiPFXOJeVcUr4H5VxSDM7I4PAOGo+/ljM3TFXBRjDHZ5kqEZ6llC"
    "I8i9UijBxd2aAOER1up4wdwDvAZGTB6VhS2CS5DUmIqMQpBBvZnLbRkoTt4H0y7A+wJSvn"
    "ntzTIUb4d27qQH+bNKciWwqMT13iFVz71Lpr3rboZGgCDfRkik/i/3an3b+8aTe7X+jU9A"
    "cMsAlFWaH9p72ohn411dBva4LGxperyilS1SlLvwmEDEg5M2AkpArileFYqujfNov+Bdfk"
    "JiCudoU62Su8Rpk6UQFz7VJGWd0eBwJ6eIFCK628znZK+R0kUGxJrotUwA1ygJawzZR2Ku"
    "YpE5glu8uWmK70mfV9TmbJleKjWYQiBIL+I4AOmBDbYV4vdsMZI2zZANvA3b5kKVRFp5Fm"
    "VgUTAI14ZpVydSlXl/KEKFeXYnA2BvsBCZLjnRADQTNhiwwRRvg7oJS7ZKn8BNsEQy87nd"
    "sQLy9vovb/x7vLVvftcaTfc1y9Z+dVPq0+QKGSq0pTK6SKqKbYSPZQcaFsCK9fckGatTbE"
    "sgJvW7OLHCqqgV0wQ2ji7jLWwqXWZepZrBh7ioLmFYDvi9SurCqaCEiEE2KOqHo1s3lN1m"
    "Ux+cSCFukUUsWLjeQnoV+woqjelZaOUzHVayf5OEpB+9vK70pBqziDS5GIWwEJN/TS2HnL"
    "YQYoFKKrdQZPVlhXsn20K13/LrCqVmsLqnRIRlRz5jLtuMSF23AoscaF35BoZZGLQBukLK"
    "qCK+oLKuGOcXs/HLOadmd1MMfOmF61EL06l+kORaZQyoRSJpQycRCyplImKs5ga3m4hJn7"
    "MIGGsSIjvWqy70nj/fly+2Qf0jbMh7vm7a0kvZ8fc3E8k1NrfIrDTVvadTaNCt5WVR7Lp/"
    "4qg4IyKOwKXWVQUAaFWtygwFZzU3PwK3YWNZlFITSgnmpS4EsHirGZ/Y8/kjkgQweZbvtI"
    "+g+C2lhYBlxjAWsabLOWkSb9EfVA1ZO4gWH96daoeFmCPbwMNoatxYouXcwFZDkp7d+6OJ"
    "a0d3zffS0KKPBJc2xAlS9nxkMl9Pllf/cC75SUVr1TMWSLv1NJc6h3qszvlOtVKWJxiFOq"
    "9ymCavG3ST6DepfK9i7FtPg8ytEqjT9v1c6i+v5BFO1cqe1vUNX81TvLbhw0qcl0zfCIeq"
    "qy6Z+MVOSc5Ax2JaavDS4nSo50TR6uPNPKM60806U9SJRn+m/EYOWVUl6pciKqvFLKK1VG"
    "VEvrlbrG9gTbNtK7SCOTCTJ16GIQVxqSxqarD7pH1bdCZDkVCVZu39UNgE6QDUziUBXBdF"
    "gsq40QWM4u7eFWdBaldii1Q6kdSio9kPNISaVlRFRJpUoqLSOqpZVKOfBtyq3xgFi2VBiN"
    "DEmXQcUPNUOjs0qeb6iQiCA9pxy3kS+YsVr1vBrehFDMLgDWbREExR7g2HVApybmiJHwPi"
    "N1FhSF/pxBA4iy2YkC6lYexhteeT+estt+BvQRVBZm7YhdiXiMbYdYC5ESxtpZuQKzPUXw"
    "xQZDYrFGWnBEV5PtfATPNp5gA7qziZkM/IIATrHW8x+g5OYDk5uDCyfOh6ZlwYWcDVHCCE"
    "OYZ+dw99aEw/7r79HQFPGW5gIuQFN5zLqt5m0MtMDmkgu4CN2+wXv407gWn94+1d789f3N"
    "U21Lupps5blgLAOE86K4JPz7wChdjPzUyqtW+iRKCVJpTftQLJfC1rpKUNjYe+dNe2BoZ1"
    "eJ/FdXaZrV1zRlq1umbia8BSk6Z9jb0ecLK6Pm2aHaHoeTQk81QjJz6FQoXIidamg8AUjS"
    "Cjk/+RqZOKpUuyrVrnwVKkRKMTjEYGiMWIrWeBLnb3KXwBBRBXsSn2RpFXiS3CrwJNYqEN"
    "siDVYihK0qiO/TqXr4q+vhT6FF/3OQJbEl/PTQacthDlNFNyusOeC/oML2BAZMCP9YgZVo"
    "LZXITsQmiBZYoXhaWMvFhgCJ4sEmeMD3joIHeJRWJUWV+RynmtOU6aqFZPEIreJ02TidI/"
    "0t7hDbSDfCkAf7wIS7JOPPdtvsddEr0ZKDVAO36yvsM97APFaZMaulOheec/KCTJu70ufE"
    "csYGsu06eEFTB8xMBxusUR4wIDO48KZ5EzCGNuChpQCaizmU9N/b0jM2bN9RzvddOd/t2e"
    "APpElOnmQlMkBSQRXy/DSDCnl+mqhCslthWQ5NiTbOYcNcjlctuyXN5g/KcJltP1FmrcDL"
    "8m2K6XQF+BumLBN/lSicUxTeqnj3gKxXrKEeE3ykAl5oQLqIZ4uhfSFFZZPymkLmEnGRcy"
    "pMjSGXpsjMEQXz6T9c6hLDsGMjYyiL5yw6zYZltcfHm+scktpshvUjRlPkDVwtsNX+NZyZ"
    "GsMa8CexP6f/ru3+nRSmZvGSBV8f/tNXyGRiVeWSyXySCspkx+/eZRDK6KhEqYzfi4SvaW"
    "QqC1xLtnL6FCUxcm59EW/Ftvki20WSl/aLdBupwrLevKpxWNKx8vpWXDwuyzZ2cGxmpsOX"
    "YnXxQpTKIVA2LpdFC2rOdOy0XhG3qcd1oMDteqoGBNnAvkFG2U3cdMAR+BGy0ggs7YsFso"
    "IXtLAvhLpCeW0wLcbAr4glogG6Om2q2LAMzbqbrcYGYh1Ag5gJ4YnbeMhqxekrc74Sqx/I"
    "JqV/6aCv9MW0ycwSIjq7puzhpbSHx/iX0Wgbo1PG27jxFmqe2yxzwJqW4OOsgvy/FbU2uM"
    "9kRTlIU0GcG5lwbqTg3Ijj7Aa954E5QFJJlDOBnIJxfCnTn8mqwuayF4SpCgFdtm14y1YD"
    "HTlUHMpjCfMpSmIJO/BwP2W3Uare1lS9KzIzHa6uxPU87149VcnTxKgcYUxzulrI/I0NOC"
    "mLHWI5YVQBOwKPJtUW6Te9ABBoVOviDZ3uBd4P/3vLtDWqX7mUdh3Mx1gbs3QyuuNPWHiS"
    "XOHb+hPXcJvRb5HL4i2Gb0ZG2K9Oty05LCWzjTExh+K2HK9yviUa22HZm1U4xuGdTjc6mk"
    "yJg0xt8TOS9y2MDEk/q7A/uM8MftnOrN4YieJWAJr2nBn/CD0sfFWizi4MEBjhV9aPkFWp"
    "8oZMqQAWP5I2MaG0xpUGDcMtDkuvEv7iBVSeaM2rr0EJURkdy2l09HmaVUTwKSpoSdiKXc"
    "x/W7Ji7FNUEOOt2MTSDDbJYWKpBpu1wsXK66tcGR0WB9Uew8bZuWybNqGVUGkrThtNRV44"
    "6IAzg6RbsGtzWQpedMVe3rSb3S9LC81S+rrttD9fSmw0l196rWbcsD6lX0KWCJ7KAZ+qIP"
    "Yls0buAXplHlMKyPYiIZCFtXFNGgUhbqUrHNAftErNSOatqo9UrvpIie1ek8XF5D6vlZAX"
    "z86yyItnZ8nyIrsXiQegb1UOhN3hFUR3KxoPfaKDZLbQZL9egKQkjr3DCXHf63n2/f8BS/"
    "cfjg=="
)
