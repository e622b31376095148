contacts-waiting = { $n ->
    [one] { $n } contact waiting
   *[other] { $n } contacts waiting
}
