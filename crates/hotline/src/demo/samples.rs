//! Messages by the invented people of the demo, and the replies to them.

pub(super) const TO_THE_SCHOOL: &str = "Поштована,\n\nрадо долазимо. Слободни смо 10. и 12. децембра пре подне. За 54 ученика предлажемо две \
                             групе по један школски час.\n\nСрдачан поздрав,\nЦентар";

pub(super) const TO_THE_PARENT: &str = "Dobar dan,\n\nsačuvajte snimke ekrana i adresu profila, i ne pišite onome ko ga je napravio. Profil se \
                             prijavljuje na samoj mreži kao lažno predstavljanje; pomoći ćemo vam u tome. Pošaljite nam adresu \
                             profila.\n\nCentar";

pub(super) const OF_THE_PARENT: [(&str, &str); 7] = [
    ("kind", "counselling"),
    ("who", "about_child"),
    ("role", "parent"),
    ("age", "12"),
    ("topic", "impersonation"),
    ("urgency", "ordinary"),
    ("outcome", "advice"),
];

pub(super) const THE_CASE: &str = "Страница обећава награду у игрици и од деце тражи број картице родитеља.";

pub(super) const TO_THE_PROSECUTOR: &str =
    "Адреса странице, снимак екрана и време када је виђена. Без података о ономе ко је пријавио.";

pub(super) const THE_CALL: &str = "Мајка пита како да подеси телефон за дете од девет година.";

pub(super) const OF_THE_CALL: [(&str, &str); 7] = [
    ("kind", "counselling"),
    ("who", "about_child"),
    ("role", "parent"),
    ("age", "9"),
    ("topic", "technical"),
    ("urgency", "ordinary"),
    ("outcome", "technical"),
];

pub(super) const MAILS: [(i64, &str, &str, &str); 5] = [
    (
        2_900,
        "uciteljica@example.org",
        "Предавање за седми разред",
        "Поштовани,\n\nжелели бисмо предавање о безбедности на интернету за 54 ученика седмог разреда. Да ли имате слободан термин у децембру?\n\nСрдачан поздрав,\nучитељица",
    ),
    (
        190,
        "roditelj.m@example.com",
        "Lažni profil mog deteta",
        "Dobar dan,\n\nneko je napravio profil sa slikama moje ćerke (12 godina) i piše njenim drugarima. Kome da prijavimo i kako da se profil ugasi?",
    ),
    (
        75,
        "nov.korisnik@example.com",
        "help",
        "somebody says he will send my photos to my class if i dont pay. i am 15. what do i do",
    ),
    (
        26,
        "otac@example.org",
        "Igrice po celu noć",
        "Sin (14) igra do četiri ujutru i svađamo se svaki dan. Imate li savet kako da razgovaramo?",
    ),
    (
        4,
        "nastavnik@example.rs",
        "Група у којој вређају дете",
        "У одељењу постоји група у којој данима исмевају једну ученицу. Имам снимке екрана. Како да поступимо?",
    ),
];

pub(super) const POSTS: [(i64, &str, &str, &str); 4] = [
    (
        1_500,
        "report",
        "https://example.com/profil/lazna-nagradna-igra",
        "Траже број картице од деце да би добили награду у игрици.",
    ),
    (
        130,
        "advice",
        "",
        "другарица ми је рекла да више не жели да живи јер јој стално пишу ружне ствари. не знам шта да јој кажем",
    ),
    (
        40,
        "advice",
        "",
        "poslao sam sliku devojci koju znam samo sa neta i sad trazi jos. stid me je da kazem mojima",
    ),
    (
        9,
        "report",
        "https://example.org/grupa/8a",
        "Grupa u kojoj se dele tuđe slike bez pitanja.",
    ),
];
