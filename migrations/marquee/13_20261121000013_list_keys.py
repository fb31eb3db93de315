"""What lists read at a million movies: more of a movie beside its genres, and an index for each narrow filter."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

INDEXES = {
    "ix_movie_genres_release_date": "movie_genres (genre_id, release_date, movie_id)",
    "ix_movie_genres_vote_average": "movie_genres (genre_id, vote_average, movie_id)",
    "ix_movie_genres_year": "movie_genres (genre_id, release_year, popularity, movie_id) INCLUDE (vote_average)",
    "ix_movies_year_vote_average": "movies ((extract(year FROM release_date)), vote_average, id)",
    # What nearly every movie has too little of, or the same of, is looked for by the few others.
    "ix_movies_budget": "movies (budget) WHERE budget IS NOT NULL",
    "ix_movies_duration": "movies (duration)",
    "ix_movies_media_type": "movies (media_type) WHERE media_type <> 'movie'",
    "ix_movies_status": "movies (status) WHERE status <> 'released'",
    "ix_movies_vote_count": "movies (vote_count)",
}
# A link says now which movies speak for one, and no longer what it speaks for: models are to be trained anew.
FORGET_MODELS = "DELETE FROM movie_neighbors; DELETE FROM recommendation_models;"
YEAR = "CASE WHEN isfinite({0}release_date) THEN extract(year FROM {0}release_date) END"
COLUMNS = """
ALTER TABLE movie_genres ADD COLUMN vote_average double precision NOT NULL DEFAULT 0, ADD COLUMN release_date date;
-- Nobody changed these rows: no time, no entry in the feed of changes.
ALTER TABLE movie_genres DISABLE TRIGGER USER;
UPDATE movie_genres SET vote_average = m.vote_average, release_date = m.release_date FROM movies AS m
WHERE m.id = movie_id AND (m.vote_average <> 0 OR m.release_date IS NOT NULL);
ALTER TABLE movie_genres ENABLE TRIGGER USER;
DROP INDEX ix_movie_genres_year;
"""


def copied(*columns: str) -> str:
    """Returns the triggers that copy a movie's columns, popularity and year of release to its genres."""
    taken = "".join(f"    NEW.{column} := current.{column};\n" for column in columns)
    passed = "".join(f"        {column} = NEW.{column},\n" for column in columns)
    watched = dict.fromkeys(["popularity", "release_date", *columns])
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in watched)
    return f"""
CREATE OR REPLACE FUNCTION take_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current record;
BEGIN
    SELECT {", ".join(watched)}, {YEAR.format("")} AS year INTO current FROM movies WHERE id = NEW.movie_id FOR SHARE;
    -- A movie that does not exist is the foreign key's to refuse.
    IF NOT FOUND THEN
        RETURN NEW;
    END IF;
    NEW.popularity := current.popularity;
    NEW.release_year := current.year;
{taken}    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pass_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE movie_genres SET
{passed}        popularity = NEW.popularity,
        release_year = {YEAR.format("NEW.")}
    WHERE movie_id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER tr_movies_popularity ON movies;
CREATE TRIGGER tr_movies_popularity AFTER UPDATE OF {", ".join(watched)} ON movies FOR EACH ROW
    WHEN ({changed}) EXECUTE FUNCTION pass_movie_popularity();
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    indexes = [f"CREATE INDEX {name} ON {columns};" for name, columns in INDEXES.items()]
    return "\n".join([FORGET_MODELS, COLUMNS, copied("vote_average", "release_date"), *indexes])


async def downgrade(db: BaseDBAsyncClient) -> str:
    return "\n".join(
        [
            FORGET_MODELS,
            copied(),
            *(f"DROP INDEX {name};" for name in INDEXES),
            "CREATE INDEX ix_movie_genres_year ON movie_genres (genre_id, release_year, popularity, movie_id);",
            "ALTER TABLE movie_genres DROP COLUMN vote_average, DROP COLUMN release_date;",
        ]
    )


MODELS_STATE = (
    "eJztXW1z2za2/isYfUl6R5uJ5djJOjs7I9tK6taWfGW5bTbuyBAJSahJQCUpK7rd/PcLgK"
    "T4BlIk9WKKxRePReKA0nNA4LyfvxomtP6cI/TmEzZQ4wz81SDQ5P9EbzRBA85mocv8igNH"
    "gqYxZkNsMWZkOxbUHHZxDA0bsUs6sjULzxxMCR/aJmA+MyjUkQ7o6A+kOQASHSym0AEjpL"
    "FnAzoG2HnDp9OpxubDZFKI8oE8kEcbsW9JNGQ9AmwDhw9id50pAga0HWA71IITBNAzImye"
    "2czASD8DlBhLAAFBC2SxDwiYcAm0KSRsKKe16OINGLB/sG578z0Q71tZ4ut4D6ELwi5o0L"
    "KWYEwthCcEPKGlDV7fdQage399/YP7pfhgE08syAFij3tC9hmANuj1b4CFDHGZf3+0BAs6"
    "N/QHMkJAw5Y2N6AlQJoTzH7q0KETxIZZDKqvXxujufaEHH6bPbXx++/sH0x09I2xid3nH2"
    "dPwzFGhh7hOdY5ibg+dJYzce2KOJ/EQM6Q0VCjxtwkweDZ0plSshqNiXjqBLHfDx3Ep3es"
    "OV8IZG4Y3oLx14b71YMh7lcM0ehoDOcGX06c2v0CwbXGcNjtDYYM0eGwkVhqPkVoDXmXNA"
    "YpW6bsq9ri10/4V/hH6+jd+3cfjk/ffWBDxNdcXXn/3X10AIxLKODpDhrfxX3oQHeEwDgA"
    "VbMQR2IInSS4l+yOg00kRzhKGUNa90jf+P/EcfdRzgLevxAgH7y3mdB36eL1DxuAnoHo4O"
    "qmczdo39zy6U3b/tMQSLUHHX6nJa4uY1dfn4ovw15qzd2SVpOAX68GPwL+Efyn1+0IIKnt"
    "TCzxxGDc4D8N/p3g3KFDQhdDqIfR8C/7l9jQgMHzmV6SwVFKxeCKMviJoZdk7cUUWh0yNw"
    "Vrr9iPh+y8SbDYp40xl0G1V3ZmbpWN9i/tQbvPDp5ntolZD+S2dzfosM8cSMQ+n7cvfr7s"
    "927PwAhqT7pFZ2xMp3/X6w5vf+wNemwksmz282ZT6tD40Z2y7Zrw29BAZOJM2cej04wF80"
    "u7f/Fju//6KL4Iut6dlrj1PcI0xg8HleXaiviF2TZDROcgJll22+leXnU/c+TFEMaQfu+i"
    "c3fnXrSohmxbXO932pdfzpg0AfUl//RT52LQueQXuBCFmEjR+e32qs8voW8zbPErl53rjh"
    "ikIwPx31mGpa08LG2ls7QVZymXM4fig5St8j02QlTltzC/wBKBuXVykgNnNioVaHEvirTJ"
    "jhsXpQJIR4hqiPRRK0sQDFb0+4wl/T6OdCCp54U5oKghxqfHOSA+PU5FmN+KAswVoALoes"
    "NrCO3R29a7POuXDUtfwOLm95j46+q/w0LaY4xqvRopwdvTEisD91YUydAmTJ8xKoZqmERB"
    "moTUE1MLYRqhUaAmQbXx/6HhaOm4NsAoqud4kgpslK4UspXbcV1o/9lqHR+/b709Pv1w8u"
    "79+5MPb1cYJ29lgX1+9ZnjHdmNkwzQkWZAJrcP7SlsnZzKuECgtZRzQUIcY8WKRYe1zLNg"
    "ve6dR4wP7IA7v+q2+19e37R/+yFigbjudT/748OGhfMvg047xghXf7JLWIKilJWyBO2cGw"
    "dnD0IOnBSRKf3xLyxUblER+pBLEfqQoQh9iIuRz+yYxSlnczq0UaraALwjUX3lFSsCcYSo"
    "Lgif5sH3NB3d0wS2C6yzmfOLlavxSqRMSjRThCdTySGaimZAoOCUSOgl5EIlDm4sDjrTuT"
    "maQluyLWQhHyFT4JcEX6cmw5g4HFha6MBLUtbl1Mtjv063Xids15jpKwSb0HMQxVY4pQaC"
    "JCV2JEoZX+SMdJ8Ay2OVtrK4e73ryOI+v4pp8937m/MOE+UE6mwQdlKUfNddx2VdC0Gbfc"
    "MCK1pGW5c1fZzHzXic7mY8TrgZA7R0prlhoxzSAW1dkD55+zYH1GxUKtbi3vfvPP5s/BQK"
    "luIXeGTBAlr6MHInzBWiYxEOJ9lrPNpPP/e9mDkJ7uGAxr4/2eFaUoKr3nEfWcNuJMeQjj"
    "cE695GeVZrNcWNbIj8UJbNQbrhXpeaouSGACmMMjGymChjLd3op82huhUOp7pitU2Mbv1w"
    "s7ps4fwgpC2adjQmb5ktM34FEjgRP4k/+3sz7eBLi/WPHI1rgv6H0UN5ffh/jyDA3X4iVn"
    "5MLdONy4dghjVnbqFk2H8uCmkM/NhLXHCJ+H8rk5tnLVJx8SouXoVNq7h4xeByDA521jIx"
    "1gF1lYPtGj/ddj6fgT9maPJAfu2c356BBRrNHkj7l6tPPGIej+NnVh5dOo8DNd19mnCe7t"
    "f5VDVx6tC9T3XHUwWIvXCA2Iv4/6oG/Qv4oF4y9vxldYe9hLMIFbSQbhaiqNN2stFOnbDG"
    "RwFOovvJTWj/GS0TAl6Gyf0A0U0z07DLFlys7AThVSUcPzxlTrzp7buL9mWn8T3dv7FTg8"
    "8dTwFMMfX495qZRh7bHVXIujMh/8BEmGugYQALjdkGOQUOfULEq8TAyRA351jU5BUbQIfw"
    "qg7+wwC02DwLNHMAZevKz0pMsw3t9HkSy9ImRqP7+6vLAlaj+RzrbzjNbg6Axr/GcyK8lU"
    "A8if959+/G/s9f10frqrLhM1X89GwrEvv5qJCHdkVQF7fsUS637FGGW/bIdctGE2WQNSwe"
    "uhQhU3JjWblRbF6lsjnilIoHZXmgzNM1t17yQlDDuV2KxXFaxeSKMvmwMrL2qaLXicsWem"
    "bnXpkXOUq5BS5XMyajFlxm+23RIgP2ZgUGqiYG7djcM7dlmWHFzT05gwarhm5ec09oVVXK"
    "3CNgl9l6fH5kGHr4b8pfwhNqGp0TeZFO/x4vw8lLZbIXnO0BNi/D+cRNLIho1nLGFsVH8I"
    "hMiA2hL4oynZDXyEQ64BfcYp42INxLbGAmaononyYYLcFiirUpu8tp3MXDzT8PZMwerLsF"
    "Ovnv4TCEhiwwW6xzB1howrAGDgUatFPjh1RokAoNUmK5Cg1SDC4tqxWt1BemqXJIUFk77U"
    "kuO+1Jhp32JGGnHWPLdkrURAxT1cYQvguAhaWnKL4RIgVvBryuBLiSCYsZuyXEyt7dLGnv"
    "DmTxMkxQPp9N8Z9B215QpgTKWZC+2SQIa3h27qTILU9C1xz8LNna1yavr+heOHV9pfVVOH"
    "Od4WU7cCxL+VoD84pMFQjIB/N8hiy5FW8t1GFSBfd6uLmKOfyDYiKTWrJ12BipUmIrqsQK"
    "Md6gE0zKuojDxMq5VGVeu4EzaEa1Ink0MaqXdTK93UDa2nLGh8XA90ozFkAzRvWyaB5VB0"
    "2vmEchV0OERtXEW+v7dPHahvczZ7B7xeDN6/yMrKuI+9PvbJfl/wyXIg0iy2OSapE6EKEw"
    "9gNTcHNVyxjDZ2pheeJcoZpH3jx5q7AcJFi8iSKZbAqVgKgvpqorUAvoaFMD2xKZthBUv/"
    "rzXDnIrCtYOrZNbNtS23QRsC79efpIo6aJiL6iqAtshaJbwuWTqDzRzMe3R9CAsj8565Xd"
    "BvPV4wyOCoPc9IgdSWJpSbjaoQlrgleZyCl/1aQFUIVW1Zo4qqG3oHPGU/3KU9SgiFgCDj"
    "IMG8ARj1Nypsi0kfHMOwLzXsRMO/KGNYEJdTegSTQQTg3H2u7UKkpKRUkp+6OKklIM3haD"
    "R5gmOTtA31I2Rm/44QaUZPGu89sgwjbfdSv3qvvDQ46bC+5ojzXXxJYzHQp3S8kQk7QZVF"
    "n+kmEOvkVjyJCyZHaNn+563ZSotSRpfGfDmgP+C3zVdm+vxN2fxqX76fVD49XX3189NHa0"
    "xXF0sl+T+BsR4wmfIP6aEOrgMdaEssCEVzRGFm/4U4g5WXNUkkt/fT8wLlUg/engxemEA6"
    "BIqs66RClf7951mtSLcmE3SVKbJT5dMA3JoJOLKSQTuQIfHdHMVOE1d+xQE4MLlL5xCdzq"
    "xKIRL6AWcLvHNnnyklCovUFjJBKgvmH9EbzGRNziit4I2oyMGMsfGLHOaHmakw3HyFjK69"
    "/s46FbVvyzSv7VTPffS52/dAsBIo7UUpjRqnJFUcMo0qN8hXIy6uQkwtcFXMVO5QiNSkuW"
    "xDs8sd9RZNH649WSzbFkldWwhkaljeTabUpi7B1lclJKHnpwd40E5o/Lm5EOVhRNAGfQct"
    "xSf1y+ETKREGjYAxHksg2R5K2XmWG9WPS14SeBsd3+d+UdUd4Rtc8p74hicD4GF826rUjC"
    "7cHkv4W/WQLmdC9UjKwU2ofjB9mJX8qisnCnfG1TfNoK49647rQvr7qfz4CBoM6AfyB397"
    "e3vf5AXLTnsxm1HHH9vH3x8+d+7757eQa4DDqxeA2fuHyWS1PK0wf2KL0P7FGyD6xKYtif"
    "uT0U4CakbCh3QBUP5Y0oHQd2CGwn0rKwEscjvqxlQ6rCefea2QqcGIXzGs+Z9uVOK1XMQr"
    "dUBJrSsZQIrnQsxeBtMfhldaxK9SjaQRcFbNPh8dHp6fCoCMZRqq3I+RUCOo+Yni6lKyG9"
    "GkK6axTfhnxeGa11u2k6bgjGpgjVrhX8ThWXzzwutCFTW9w7zUylJYgqzaOxiNEf3RLFue"
    "sMx1SbUnMoHUjpQEpEVjqQYvC2GKz8TLvVggiVFrBI9zCtCCrs46isb8kx2dMKnfQhiq0U"
    "CqrBca/0yyrol6k5YsW1zJUCcGDb88soUq5iLlOkVip7hiIV2AbyKFJi9Bvw+Mw2/eH/PI"
    "pGvo8zOpsb0MLO8hFolKlGq2g8m84tDfFovAW0ATa5Jxm5rX0/ArogwKsCJJr6im9750DH"
    "lqlfe3yyUtqU0qZkeqW0KQZvi8FKzN2qmIvT4MxwU6XiefA+qu3HkjnYSQv5S1mtPkENrQ"
    "wnuawMJxlWhpOklYFaeIIJNIaFoU5S1sHusAfIXzCAeHsL/JBMO3BiYCJZ2+lYh0gUzrnL"
    "Bs11pqdJBEekYRMacqQDorjM6FK98agPbyfJgP+yc3F1075+3TpqtmIdM3w+vEtsGxZ6Rm"
    "QuWcaZ+IaoFMDrADYQtJEoWyVXf9IgjtJlKT/1QplpNPGzbW5B+cGWqmCESVTF/aSOwVVA"
    "Xh0VOsX6m0XJ6ieb7SS5i1uCdYvOCsOdIFSA5wJcWJHhMwNlItl0PxkUpmwbccIY3mNOuU"
    "9J7e2bDRrJZG2yvfvz6w647bMj7e7KK5C2simJm9EDrt9pX8tAFhkhBfblKJHq0bPajn1P"
    "R6HlGiVTizV9sZpIx9CFRrr/rs/1jM7wwgqc6bv+Yi68m94vV50z15v2QAa/sM3/Oe5tyx"
    "d7su1SNwxVZy5xH+cDP6Cu8AnY6N/f9PqdyzNgzU1qIf2B3F63u11+ZWZAQviVq+7wtt+7"
    "vL8YsJV8BjAv0En1ucbnYON7d4PIfS5wRUb0O9ed9p14iKshsDkv2t0Ldpld0zh6BiqVtN"
    "vKw/NWOs9b6WZA9uMnc+lZnMMSGCauMPdLR3lt+00LVgtD05xBIk0OSK8em0ZfycqxB1ff"
    "N4JuKDO3FHdC9Io72+COPRNNJP0tpxBnZLSKK9vgSmbcX1YF05qF/u2lgqnEbFHItR+jUs"
    "a3JLBeGYViuEaJFKySLuDYQppDCxZmj1EpYFONxYVgjdAoUNf2vPWXocT+U7jrbd0yVZux"
    "evaxVzal861kx90GuKGqO/VEN3rQRMDtd+4G/auLQUOyPWwD23q3a45siTkWrS9JKWTXIR"
    "uTOTdoha3BjTvx1rfSWcSgrpKC8oOlWoer1uHbB2rVOhxt2g9bNQ9XzcPTYCNM0piOqLWV"
    "F7IbnqwuaBVK/4x6RDNALdA5PEhwrI+IV7hveEzsSk2Yzdv4whVwNmh/8coGQflcgInfFK"
    "wpklsXU8qdwkvezOIjeOSVpB/BFFm83hCxAX1Gq3Zhq+noIrtdxu6eqHJmVc6sSqlUObOK"
    "wdtisGo7cAhtB0bYMNjzh6IVZxEnaJxORbqqGj678CT7slpBX3KMTHW+lGDrKgCFcA2TKE"
    "xlnmThmSzoSQ7TKE/yWk/yKjZ8U59R3azMzZjXKPy2yvuiS7farTiRa+geisMbP2TyeJJX"
    "gQsqBGKNLzm8KRb2d+6+YF16+e+ot2+tAa5YJXBB88oGI2RQMmFA83Ld0C3unVp2Lmu8xP"
    "D1NdhhxTi3mWyk0+zE/3nuSNVtVhnHlO1EGccUg3MyWOyfxbSEMIlSvZQ6qzSvCkuvxTSv"
    "lTS1Kax1izGLwxreA1O0rZfUCdwIhVSdYBXAsFYnWEVO5FAJJhPet8dBNqBjcONO6Tq2/R"
    "rRTfCEZg4YLRmmeDJB1kcAZ9By3GrTbgHtJvee2whYdGED9vglmBOHzrUp0iVqxX6euYFP"
    "vhJnQa11EJfPhcujxMmU2yiKpz03k2hmZoBG6A4dzj0ngHrgSRpmrsNb1i3z4NDe9uJtFc"
    "expXBM4nhcHMdjhWMSx3fFcXyncEzieFIcx5O/PY4JNbqIZrJW5faDp3eucL+oELs9dXuL"
    "qp7neZOpeYFTLkPFCzXrXa/e3VETUYJEbLMJdeRHPANqiVhnpPMwaDYiqaXlJ30gD+RxZm"
    "H2bZfD2ZQ69BGMqWFwvezR/U23/OobbA+9YY8h1e4MLHjOFnCm0GkCgtw4a5y3GdHXhgFt"
    "Zxg0RrRCnxhPlXNJOZeU70E5lxSDczI4uoMm46/lzI1S1bARzNFJrkqEJxmlCE8StQhjR1"
    "c+qCNEh9spYw/wjjCdWHA2lRQ2SW9DEiGqcArBVjanXbQk4Tv4kI6HI2zJyrmn93RIEP6d"
    "mzqw3ybNqciXAhNQV3gFNz51btrXHTYZMqGBHoj7yf2/2+sOz6+67f4XNjX7ASNMoFtW6O"
    "XTXlRDv4Zq6LczQWPry1XlFKnqlJXfBCIGpIIZMBJSBfHacCxV9G+XRf/Ca3IbENe7Qp3s"
    "Fd6gTJ1bAXPjUkZ53R4HAnp0gUIrq7zObkr5HSRQfEluilTIDXKAlrDtlHYq5ylzMUt3l6"
    "0wXeszGwaczJMrJUbzCEUIXPqPADrApLbDvV78hjNF2LIBtoG3fclSqMpOI82sCicAGsnM"
    "KuXqUq4u5QlRri7F4HwMDgISJMc7pQaCJGWLjBDG+DtilPtkqfwE2wZDz3u96wgvz6/i9v"
    "/7m/NO//VRrN9zUr3n51UxrT5EoZKrKlMrpI6oZthIXqDiQtUQ3rzkgjRrbYxlBd52Zhc5"
    "VFRDu2CO0MT9ZaxFS63L1LNEMfYMBc0vAD90U7vyqmhuQCI0KZkw9Wpui5qsq2LyqQUtsi"
    "mkihcfKU7CoGBFWb0rKx2nZqrXXvJxlIL2t5XflYJWcwZXIhG3BhJu5KWxi5bDDFEoRNfr"
    "DL6ssKlke2/Xuv5daFWt1xZU6ZCcqBbMZdpziQuv4VBqjYugIdHaIhehNkh5VAVP1HepXH"
    "eM1/vhiNe0O2mCBXam7KqF2NWFTHcoM4VSJpQyoZSJg5A1lTJRcwZbq8Mlytw7ExrGmoz0"
    "usm+x633p6vtk3/I2jDvbtrX15L0fnHMJfFMT60JKA43bWnf2TQqeFtVeaye+qsMCsqgsC"
    "90lUFBGRQaSYMCX81tzcHP2Fk2ZBaFyIBmpklBLB3ojs3tf/yRLgAdO4h47SPZPwhqU9cy"
    "4BkLeNNgm7eMJOxHNENVT5IGhs2n26DiZQX28CrYGHYWK7pyMZeQ5aS0f+viWNLe8UPvtS"
    "ihwKfNsQVVvpoZD7XQ51f93Uu8U1Ja9U4lkC3/TqXNod6pKr9TnleljMUhSanepxiq5d8m"
    "+QzqXarau5TQ4osoR+s0/qJVO8vq+wdRtHOttr9FVfNX/yy7cpDZkOma0RHNTGUzOBmZyG"
    "kWDHalJNAGVxOlR7qmD1eeaeWZVp7pyh4kyjP9N2Kw8kopr1Q1EVVeKeWVqiKqlfVKXWLb"
    "xLaN9D7SqGkiokMPg6TSkDY2W33QfaqhFSErqEjwcvuebgB0imxAqMNUBOLwWFYbIbCaXd"
    "rDrewsSu1QaodSO5RUeiDnkZJKq4iokkqVVFpFVCsrlQrgu4xb0xG1bKkwGhuSLYO6P5RE"
    "RueVPF8xIRFBdk45XiNfMOe16kU1PJMyzM4A1m03CIo/wLGbgE1NyYSTiD4jTR4Uhf6cQw"
    "O4ZbNTBdSdPEw0vPJ/PGO3/QjYI5gszNsRexLxFNsOtZZuShhvZ+UJzPYMwScbjKnFG2nB"
    "CVtNtvMRPNrYxAb0ZnNnMvATAjjDWi9+gJKbD0xuDi+cJB/algWXcjbECWMM4Z6dw91bUw"
    "77r7/HQ1Pct7QQcCGa2mPW77SvE6CFNpdCwMXoXhq8uz+NS/fT64fGq7++v3po7EhXk608"
    "D4xVgHBRFFeEfx8YpYtRnFpF1cqARClBKq3pJRTLlbC1qRIUNfbe+NMeGNr5VaLg1VWaZv"
    "01TdnqlqmbKW9Bhs4Z9XYMxcLKqXn2mLYn4GTQM42Qzh02FYoWYmcamkgAkrRCLk6+QSaO"
    "KtWuSrUrX4UKkVIMjjAYGhOeojU1k/xN7xIYIaphT+LjPK0Cj9NbBR4nWgVi202DlQhh6w"
    "riB3SqHv76evgzaLH/HGRJbAk/3fW6cpijVPHNCmsO+C+osT2BAxPBP1FgJV5LJbYT8Qni"
    "BVYYnhbWCrEhRKJ4sA0eiL2j5AEep1VJUVU+x5nmNOO6ailZPEarOF01ThdIf0s6xLbSjT"
    "DiwT4w4S7N+LPbNnt99Ey19CDV0O3mGvuMP7CIVWbKa6kuXM85fULEFq70BbWcqYFsuwme"
    "0MwBc+JggzfKAwbkBhfRNM8EU2gDEVoKIFkuoKT/3o6esWX7jnK+78v5bs9HfyBNcvKkK5"
    "EhkhqqkKfvcqiQp+9SVUh+KyrLoRnVpgVsmKvxqmW3pNn8QRku8+0nyqwVelm+zTCbrgR/"
    "o5RV4q8ShQuKwjsV7+6Q9Yw1NOCCj1TAiwzIFvFsd+jQlaLySXltV+Zy4yIXTJiaQiFN0b"
    "njFsxn/wipyx2GHRsZY1k8Z9lptiyr3d9fXRaQ1OZzrL/hNGXewPUCW+Nf4znRONZAPIn/"
    "effvxv7fSdfU7L5k4ddH/PQ1Mpm7qgrJZAFJDWWyo7dvcwhlbFSqVCbuxcLXNDqTBa6lWz"
    "kDiooYOXe+iHdi23yS7SLpS/tJuo3UYVlvX9U4LOlYeX1rLh5XZRs7ODZz0+FTubp4EUrl"
    "EKgal6uiBbXnOnY6z0jY1JM6UOh2M1MDgnzg0KCT/CZuNuAN+BHy0gg87YsHsoIntLTPXH"
    "WF8drgWoyBnxFPRANsddpMseEZmk0vW40PxDqABiUp4Ym7eMh6xekrd75SaxjKJmV/2aCv"
    "7MW06dxyRXR+TdnDK2kPT/Avp9E2QaeMt0njLdR8t1nugDUtxcdZB/l/J2pteJ/Ji3KYpo"
    "Y4t3Lh3MrAuZXE2Qt6LwJziKSWKOcCOQPj5FJmP5NXhS1kL4hSlQK6atvwjq0GOnKYOFTE"
    "EhZQVMQSduDhfspuo1S9nal6F3ROHKGuJPU8/14zU8nT3FEFwpgWbLXQxSsbCFIeO8Rzwp"
    "gC9gbcE6Ytsm96BiDQmNYlGjrdunjf/e8119aYfuVR2k2wmGJtytPJ2I5v8vAkucK38ydu"
    "4DZj36KQxdsdvh0Z4WV1ul3JYRmZbZyJBRS31XiV8y3R2A7L3qzCMQ7vdLrSkTmjDiLa8m"
    "ck71sYG5J9VuFg8JAb/PKdWYMpcotbAUjsBTf+UXZYBKpEk18YITDBz7wfIa9S5Q+ZMQEs"
    "eSRtY0JpjSsNGoZXHJZdpeLFC6k88ZpXX8MSojI6VtPoGPA0r4gQUNTQkrATu1jwtuTFOK"
    "CoIcY7sYllGWzSw8QyDTYbhYtV11e5NjosCao9ha2TU9k2TaCVUmkrSRtPRV466IAzg6Rb"
    "sGdzWQlebMWeX3Xb/S8rC81K+rrudT+fS2w0518GnXbSsD5jX0KWCJ7JgYCqJPYVs0a+AP"
    "TKPKYUkN1FQiALa9OGNArCvZWtcMBg0Do1I523qj5SteojpbZ7TRcX0/u81kJePDnJIy+e"
    "nKTLi/xeLB6AvVUFEPaG1xDdnWg87IkOktlC0/16IZKKOPYOJ8T9Rc+z7/8PX2ogbw=="
)
