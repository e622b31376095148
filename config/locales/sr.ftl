contacts-waiting = { $n ->
    [one] { $n } контакт чека
    [few] { $n } контакта чекају
   *[other] { $n } контаката чека
}
