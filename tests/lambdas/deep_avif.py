"""An AVIF with ten bits per channel. Pillow reads it but cannot write it, so its bytes are stored here."""

import base64
import zlib

# The image has one colour. Only the memory of its decoded planes matters.
_PACKED = (
    b"c-muNU{FXasVqn=%S>Yc0uY^>nP!-qnV9D5Xz0kmz}S|XT9U{B0g4$ZIYm%5LqTS82?HA7E66O#1+y4|SSK?lKN-YvVPIeaivTg}10a0@$"
    b"OrQn*D)}#7y;Q%nVETDCxB(7fSgn&s5yyc28Pc0Ir(6l5i(2=8ONN0j6{e`QED2@9f_qCIbb_MwjRzbC@KKbb2AH)^MSNTW^q9(L?QnI2x"
    b"br{$gIc&i7<0<aRDiw#4<zYMgs?skZ^K-PElTRP6g0JCI+?!h({sH84-#FVn6~GK&zcWjMAb!tK5RrbTHv$m7JMeU{zdMT#}kwYz0)4nUk"
    b"4VRB4q6bG}?=K`tzufevS3WNKz%U}9lpZDR)p8dGjcVu=s~7rTt!zxwAtt{5%hkN~<(is|dAnI*5w9534+cQy@ryik4hfjg@rYossE&CT2"
    b"zaDPv*&@`iz<gLn*uUCsHi-^2&`{_K{v?px+(bwYlK4cbII{Pf!eQ%=lQH6`K7iKQMC7`l3qF=LbxkD{Wc6-wOlW#vSmkjuPfh+Tman#h^"
    b"xhwi#JUIVKYp?8ucK;^17v^sqH^2SkW3yCA*SYRe_e;OS9^NrMJz;l(cTArxY7(03Zm{s?m*5!zZ+>Z>(I{h`<Li8JpT~;_U6RR9Pm7Clh"
    b"W?)*Tl-Vxj^Cc;EMhT}PwWt9&vUqY>hQkzDPbM8_a-_oOn-U3?qW*aX}5o$jDwrFbt~9sPyKAPN%ge2*gu;`4eeIUPXgZX?c2FwUE$vsJ1"
    b"tK<?vw=TU(&bxTjTMsXIpb0OsHAYb^fu2&7|CoLH`c5=hQ5HozS%RB452oFB8awriQ!QEfy#&diTvW{o@olPqXW<eXg5{Zg0vyy91=+X5a"
    b"kRc~7{vU9H%C(e*9R4Bx|(+V(A9##O|n_dfi>lx$OjgAs?1^73rIwAG@fTXgxyDKfW%o>niCd9Y7mO}Rqsw$(?^Z2OUZrtiTLbEuLJmJjR"
    b"I9+`0e_?%|7;ndWB#TTylhHjQraQrgy>hxEO1D{Fw?P=P0r?KqTdhsfaz1y_n*F;9FweMN*ZeRE=#dF+`xQ=SHc1kSIsrB~}c_I>fZ~cP5"
    b"=f1Q!H;Fqu{`HuL8R(iF$?x~?AR=ijjM#H0?1jK#)823DkN-LeZ<~Ek>Y9$T)7tlIb*iRK*u(s$gMUTI*{9NT7Wu#3WyNF1lW6-k>QCkp+"
    b"jH(+D*N@8aZi;!^KiCL{jm^%wTI4{-}JY<^ZBk!yQA1nNs09?7eCeIX<U+JiF%TfwC&N{BYSSFOe>w=JmHzy`-3NnrOO{Yu{bE=4Nfctt~"
    b"?t*J?-we`9_1IB))O?)b=_)t-o1;vM*yE{}GltxZb$#Q2XNQuU!A5rY&tYR{IiA2~0S<=7!8T@c<az-OAsh%)d{Zab?pM=XYPaWE-yoWAU"
    b"8*)=!BskAGh*DxP?v_{WlYvPKVqiN;CsX#A>=<x2uyExNM(^fXX3<voo^^=3=+;K~3c5@5JSg)QfwSl#a_b=HqV`>w$Aj~*BFAD?6V)PC^"
    b"BjBD&&QnE69&Q)>7NhmRWC~tMaTGmb4`k&|9@g3<2Udr_0jmJ^z<X2S*%YjMktLddr@KketrtJQs&wP($h<|)`rZjP?_Mhh`j9>mOY-4=X"
    b"))xITYL1<2W?gJVs@H$Z&kw++yu9FGIEh8xQ#P`0m8o3fe7!lRLvxOK2-K>Srv6%SrLydUR@w0@Uk>^?y54>DOQ?6l#*i(*5`)VIRASsZ("
    b"9pQVXgi~Tm#~DI+N{i3z)~jk{29I#)7VSzPl~+5eBbe%*+sFG$=f}4ifqnLS~A^xY3SXloG;!tp8f80NzSIVHQ6ekolopjn@qr?r+=T!*e"
    b"0IQsr$3$N!HABGEcsqiC+=aF5UiC%61hEOjQH`DZJur"
)


def deep_avif() -> bytes:
    """Returns 4000 x 4000 pixels of ten bits with alpha, colours in full resolution (4:4:4)."""
    return zlib.decompress(base64.b85decode(_PACKED))
