"""The screens: the queue, and the dialogs that ask.

How a dialog is called. A flow (`tui.flows`) runs in a worker of the app and awaits an answer:

    item = await app.push_screen_wait(Picker(title, items, preview=preview))
    if item is None:        # Esc
        return

Dialogs derive from `tui.screens.base.Dialog[Answer]`. They ask and never write: `self.finish(answer)` closes the
dialog first and counts once; Esc is `finish(None)`. Whoever asked acts after that, through `app.engine`. A
dialog reads through `self.deskzero.read(lambda reader: ...)`, which runs in a thread. No dialog opens by itself.
Each shows its own few keys in its bottom line. Foreign text only as `tui.text.say(...)` (Content) or with
`markup=False`.

    picker.Picker(title: Content, items: Sequence[Item], *, preview: Callable[[Item], Content] | None = None,
                  hint: str = "", free: str = "")                                  -> Item | None
        `free`: words for "none of these, take what I typed" (a phone number, a reason); the answer is then
        `Item(key="", label=<typed>)`. Nothing is preselected unless `items[0].group == "suggested"`.
    confirm.Ask(title: Content, body: Content, answers: Sequence[tuple[key, label, value]]) -> value | None
    writing.Writing(view: TicketView, side: Side, *, draft: str, statuses: Sequence[Item], status: Item | None)
                                                                                   -> Written | None
    review.Review(view: TicketView, prepared: Prepared, *, side: Side | None)     -> ReviewAnswer
    fields.Fields(view: TicketView, writable: Collection[str])                     -> Item | None
        its `value` is the canonical field; the flow then asks for the new value with a Picker
    why.Why(view: TicketView)                                                      -> None
    undo_list.UndoList(app: Deskzero, changes: list[ChangeView])                   -> Item | None (key: change id)
    outbox.Outbox(), trouble.Trouble(), end_of_day.EndOfDay()                      -> Jump | None
    conflict.Conflict(change: ChangeView)                                          -> ConflictAnswer | None
    help.Help(keys: Sequence[Key])                                                 -> None
    palette.Palette(items: Sequence[Item])                                         -> Item | None
        an item's `value` is the name of an action of the queue, or a Row that was found by number.
"""
