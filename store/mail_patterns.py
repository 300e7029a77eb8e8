"""How mail programs mark what they copy and how people sign, in the languages of Western Europe.

Each pattern matches a whole line (or says where in it it may stand) and is linear in its length.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

INTRO = re.compile(
    r">?\s*(?:"
    r"On\b.{6,200}\bwrote"
    r"|Am\b.{6,200}\bschrieb\b.{0,120}"
    r"|Le\b.{6,200}\ba écrit"
    r"|El\b.{6,200}\bescribió"
    r"|Il\b.{6,200}\bha scritto"
    r"|Op\b.{6,200}\b(?:schreef\b.{0,120}|geschreven)"
    r"|Em\b.{6,200}\bescreveu"
    r"|W dniu\b.{6,200}\bnapisał\(?a?\)?"
    r"|(?:Den|Fre|Mån|Tis|Ons|Tors|Lör|Sön)\b.{6,200}\bskrev\b.{0,120}"
    r"|(?:\d{4}|\d\d?)[-./]\d\d?[-./]\d{1,4}\b.{0,120}<[^<>\s]+@[^<>\s]+>"
    r"|[^:\n]{2,80}<[^<>\s]+@[^<>\s]+>\s+(?:wrote|schrieb|a écrit)\b.{0,80}"
    r")\s?:",
    _I,
)
"""`On Thu, 26 Nov 2026, Ann Lee wrote:` and its sisters; joined where it was broken."""

ORIGINAL = re.compile(
    r"-{2,}\s?(?:"
    r"Original Message|Original Appointment|Forwarded message"
    r"|Urspr(?:ü|ue)ngliche Nachricht|Originalnachricht|Original-?Nachricht|Weitergeleitete Nachricht"
    r"|Message d['’]origine|Message original|Message transféré"
    r"|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Mensagem original|Ursprungligt meddelande"
    r")\s?-{2,}",
    _I,
)

RULE = re.compile(r"[_=-]{20,}")
"""Outlook's line above a header block; alone it says nothing."""

HEADER = re.compile(
    r"\*?(?:"
    r"(?P<sender>From|Von|De|Da|Van|Od|Från|Fra)"
    r"|(?P<date>Sent|Date|Gesendet|Datum|Envoyé(?: le)?|Enviado(?: el)?|Fecha|Inviato|Data"
    r"|Verzonden|Wysłano|Skickat|Sendt)"
    r"|(?P<to>To|An|À|A|Para|Aan|Do|Till|Til)"
    r"|(?P<cc>Cc|Kopie|Copie(?: à)?|CC)"
    r"|(?P<subject>Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Temat|Ämne|Emne)"
    r")\*?\s?:\*?\s?\S",
    _I,
)

REPLY_ABOVE = re.compile(
    r"(?:reply|respond|type your (?:reply|response))\b.{0,30}\babove this line"
    r"|oberhalb dieser (?:Zeile|Linie)|au-dessus de cette ligne|por encima de esta línea",
    _I,
)
"""What help desks put above their mails."""

FORWARDED = re.compile(
    r"\b(?:forward(?:ed|ing)?|fyi|fwd?:|see (?:the )?(?:mail|e-mail|message) below|weitergeleitet|weiterleitung"
    r"|zur info|zur kenntnis|z\. ?k\.|transféré|transfère|pour info|reenvío|inoltro|doorgestuurd)",
    _I,
)
"""The words above say that the mail below is what is meant to be read."""

ANSWERS_BELOW = re.compile(
    r"\b(?:below|beneath|in-?line|between the lines|in (?:red|blue|green|bold|capitals|caps)"
    r"|in your (?:mail|text)|see my (?:answers|comments)"
    r"|unten|unterhalb|im text|dazwischen|in (?:rot|blau|grün|fett)|(?:rot|blau|grün)e?n? markiert|darunter|s\. ?u\."
    r"|ci-dessous|plus bas|dans le texte|en (?:rouge|bleu|vert|gras)"
    r"|abajo|más abajo|en rojo|sotto|in rosso|hieronder|onderstaand|abaixo)\b",
    _I,
)
"""The words above say that there are answers in the copied mail."""

CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|many)(?:est)? (?:regards|wishes)|regards|(?:yours )?sincerely"
    r"|yours (?:truly|faithfully)|kr|br|cheers|all the best"
    r"|(?:mit )?(?:freundlichen?|besten?|vielen?|schönen?|lieben?|herzlichen?|sonnigen?)"
    r" gr(?:ü|ue)(?:ß|ss)en?(?: aus \w+)?"
    r"|mfg|vg|lg|hochachtungsvoll"
    r"|(?:bien )?cordialement|(?:bien )?à vous|bonne journée|sincères salutations|meilleures salutations|salutations"
    r"|(?:un )?saludos?|saludos cordiales|atentamente|cordiali saluti|distinti saluti|met vriendelijke groet(?:en)?|mvg"
    r"|atenciosamente|pozdrawiam|med vänlig(?:a)? hälsning(?:ar)?|med venlig hilsen)\s?[,.!]?",
    _I,
)

SENT_FROM = re.compile(
    r"(?:Sent from (?:my |Outlook|Mail|Yahoo|Samsung).{0,60}|Get Outlook for .{0,80}|Sent (?:with|via) .{0,40}"
    r"|(?:Von meinem|Gesendet von|Von) .{2,50} gesendet|Gesendet (?:von|mit|über) .{2,60}|Outlook für .{2,60}"
    r"|Envoyé (?:de|depuis|à partir de) .{2,60}|Obtenez Outlook pour .{2,60}|Télécharger Outlook pour .{2,60}"
    r"|Enviado desde .{2,60}|Obtener Outlook para .{2,60}|Inviato da .{2,60}|Verzonden vanaf .{2,60})",
    _I,
)

DISCLAIMER = re.compile(
    r"(?:(?:Confidentiality|Disclaimer|Legal) ?(?:notice|note|statement)?\s?:"
    r"|(?:This|The information (?:contained )?in this) (?:e-?mail|message|communication)\b.{0,200}"
    r"\b(?:confidential|privileged|intended)"
    r"|(?:Diese|Die in dieser) (?:E-?Mail|Nachricht)\b.{0,200}\b(?:vertraulich|bestimmt)"
    r"|Ce (?:message|courriel|mail|courrier)\b.{0,200}\b(?:confidentiel|destiné)"
    r"|Please consider the environment|Bitte (?:denken|prüfen) Sie .{0,60}(?:Umwelt|drucken|Ausdruck)"
    r"|Pensez à l['’]environnement)",
    _I,
)

POSTSCRIPT = re.compile(r"P\.?\s?S\.?\s?[:.]?\s", _I)

REACH = re.compile(
    r"\d[\d\s()/.–-]{5,}\d|[\w.+-]+@[\w-]+\.\w|www\.|https?://|\b(?:GmbH|AG|KG|Ltd|LLC|Inc|SARL|SAS|S\.A\.|B\.V\.|S\.r\.l)\b"
)
"""How somebody or a company can be reached, which stands in signatures and not in sentences."""

SMALL_WORDS = frozenset(
    {
        "of", "and", "der", "die", "das", "des", "dem", "und", "für", "im", "am", "bei", "von", "vom", "zu", "zur",
        "de", "du", "la", "le", "les", "et", "à", "au", "y", "del", "e", "di", "van", "o", "tel", "mob", "fax", "ext",
        "m", "t", "p", "f", "w", "i.", "v.", "p.a.",
    }
)  # fmt: skip
"""Words without a capital that stand in names, titles and addresses."""
