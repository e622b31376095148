//! Neutral names for people (requirement C10), such as "Linden Heron 27". Lists show the pseudonym instead of the identifier.

use crate::text::locale::Words;

/// The first words, in Serbian and in English.
const FIRST: [(&str, &str); 32] = [
    ("Бреза", "Birch"),
    ("Липа", "Linden"),
    ("Јела", "Fir"),
    ("Храст", "Oak"),
    ("Јавор", "Maple"),
    ("Врба", "Willow"),
    ("Топола", "Poplar"),
    ("Буква", "Beech"),
    ("Јасен", "Ash"),
    ("Дрен", "Dogwood"),
    ("Кедар", "Cedar"),
    ("Бор", "Pine"),
    ("Орах", "Walnut"),
    ("Дуња", "Quince"),
    ("Вишња", "Cherry"),
    ("Шљива", "Plum"),
    ("Река", "River"),
    ("Језеро", "Lake"),
    ("Поток", "Brook"),
    ("Брдо", "Hill"),
    ("Долина", "Valley"),
    ("Пољана", "Meadow"),
    ("Облак", "Cloud"),
    ("Киша", "Rain"),
    ("Роса", "Dew"),
    ("Иње", "Frost"),
    ("Пешчар", "Dune"),
    ("Острво", "Island"),
    ("Стена", "Rock"),
    ("Извор", "Spring"),
    ("Зора", "Dawn"),
    ("Месец", "Moon"),
];

/// The second words, in Serbian and in English.
const SECOND: [(&str, &str); 32] = [
    ("Чапља", "Heron"),
    ("Врабац", "Sparrow"),
    ("Ласта", "Swallow"),
    ("Сова", "Owl"),
    ("Рода", "Stork"),
    ("Славуј", "Nightingale"),
    ("Шева", "Lark"),
    ("Сеница", "Tit"),
    ("Чворак", "Starling"),
    ("Голуб", "Dove"),
    ("Лабуд", "Swan"),
    ("Ждрал", "Crane"),
    ("Кос", "Blackbird"),
    ("Жуна", "Woodpecker"),
    ("Дабар", "Beaver"),
    ("Видра", "Otter"),
    ("Јеж", "Hedgehog"),
    ("Веверица", "Squirrel"),
    ("Зец", "Hare"),
    ("Срна", "Deer"),
    ("Јелен", "Stag"),
    ("Пух", "Dormouse"),
    ("Корњача", "Turtle"),
    ("Даждевњак", "Salamander"),
    ("Лептир", "Butterfly"),
    ("Бумбар", "Bumblebee"),
    ("Цврчак", "Cricket"),
    ("Бубамара", "Ladybird"),
    ("Свитац", "Firefly"),
    ("Пастрмка", "Trout"),
    ("Шаран", "Carp"),
    ("Штука", "Pike"),
];

/// Returns the pseudonym of a person by a keyed hash of their identifier. The same person has the same pseudonym on the same line. About
/// 100,000 pseudonyms exist, so two people can have the same; it is no proof that two contacts are from one person.
#[must_use]
pub fn pseudonym(identifier_hash: &[u8], words: &Words) -> String {
    let byte = |place: usize| usize::from(identifier_hash.get(place).copied().unwrap_or_default());
    let word = |list: &[(&'static str, &'static str); 32], place: usize| {
        let (serbian, english) = list.get(byte(place) % list.len()).copied().unwrap_or_default();
        words.either(serbian, english)
    };
    let number = (byte(2) * 256 + byte(3)) % 100;
    format!("{} {} {number}", word(&FIRST, 0), word(&SECOND, 1))
}
