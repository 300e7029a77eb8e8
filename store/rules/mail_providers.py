"""Mail domains of the public: an address there says nothing about the company of who writes."""

from __future__ import annotations

_DOMAINS = """
    163.com aol.com arcor.de att.net bellsouth.net bluewin.ch btinternet.com comcast.net cox.net
    fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com laposte.net libero.it live.co.uk live.com
    live.de mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com orange.fr outlook.at outlook.com
    outlook.de outlook.fr pm.me posteo.de proton.me protonmail.com qq.com rocketmail.com sbcglobal.net
    sky.com t-online.de tuta.com tutanota.com verizon.net virginmedia.com web.de wp.pl yahoo.co.uk yahoo.com
    yahoo.de yahoo.fr yandex.ru ymail.com zoho.com
"""

PUBLIC = frozenset(_DOMAINS.split())
"""The large providers of mail for everybody."""
