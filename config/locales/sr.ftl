# Српски извор, на ћирилици. Латиница се прави пресловљавањем.
skip = Пређи на садржај
exit = Изађи одмах
languages = Језик
languages-hint = Језик ове апликације, само за вас. Што људи пишу остаје како јесте.
danger-now = Опасност управо сада? Помоћ је на овим бројевима:
our-telephone = наш телефон
hours = Радно време: { $hours }. Поруке примамо у свако доба.
anonymous = Име није потребно. Адресу уређаја (IP) не чувамо.
have-code = Одговор се чита овде, уз шифру
home-title = Како можемо да помогнемо?
home-lead = Пиши нам о свему што те мучи на интернету. Читају само саветници.
ask-advice = Тражим савет
ask-report = Пријављујем нешто
path-child = Дете сам или млада особа
path-child-hint = Напиши шта те мучи. Не мораш да кажеш ко си.
path-adult = Одрасла особа сам
path-adult-hint = Питам због свог детета, ученика или некога другог.
path-link = Пријављујем линк
path-link-hint = Страница, профил, слика или група.
write-child = Пиши нам
write-adult = Пишите нам
write-link = Пријави линк
in-danger-adult = Да ли је дете сада у опасности?
in-danger-hint-adult = Не морате да одговорите. Ако јесте, позовите неки од бројева изнад, а пишите и нама: Вашу поруку читамо прву.
about = О коме се ради?
about-parent = О мом детету
about-teacher = О мом ученику
about-adult = О некоме другом
name-label = Име или надимак (није обавезно)
name-label-adult = Ваше име (није обавезно)
age-label = Колико имаш година? (није обавезно)
answer-way = Како добијаш одговор
answer-way-text = После слања добијаш шифру. С њом овде читаш одговор и пишеш поново.
answer-way-adult = Како добијате одговор
answer-way-text-adult = После слања добијате шифру. С њом овде читате одговор и пишете поново.
message-label-adult = Шта се дешава?
message-hint-adult = Опишите својим речима. Имена нису потребна.
message-link-label = Шта се тамо види? (није обавезно)
url-link-label = Адреса (линк)
url-link-hint = Ископирај је овде. Ако их је више, свака иде у свој ред. Не отварај их поново због нас.
reply-to-label-adult = Ваш мејл (није обавезно)
reply-to-hint-adult = Само ако желите одговор и мејлом. Одговор Вас свакако чека овде, уз шифру.
no-files-adult = Слике и снимке не примамо. Уместо њих пошаљите адресу (линк) на којој се налазе.
mistake-adult-empty = Напишите шта се дешава
mistake-age = Упиши године бројем, на пример 13
writer = Ко пише
writer-child = дете или млада особа
writer-parent = одрасла особа, о свом детету
writer-teacher = одрасла особа, о ученику
writer-adult = одрасла особа
writer-reporter = неко ко пријављује линк
promise-title = Шта се дешава с оним што напишеш
promise-who = Поруку читају саветници центра. После слања добијаш шифру с којом се враћаш по одговор.
promise-limits = Другима је показујемо само ако је нечији живот у опасности или ако неко повређује дете. На пример: неко каже да ће себи наудити. Што пријавиш као незаконито можемо да проследимо полицији или тужилаштву; твоје име само ако се сложиш.
call-us = Телефон центра:
call-from = сада не радимо; јављамо се { $opens }
loading = Учитава се.
leave-hint = Ако неко наиђе, притисни „Изађи одмах“ на врху стране: отвара се друга страна, а што није послато, нестаје.
leave-hint-keys = Исто можеш и тако што три пута притиснеш тастер Shift.
leave-hint-history = Историја прегледача и дугме „Назад” и даље показују да је овај сајт био отворен, али не и шта си писао.
leave-hint-more = Како да нико не види да нам пишеш
ways-title = Други начини да нам се јавиш
ways-telephone = Телефон
ways-email = Мејл
ways-open = сада се јављамо
ways-platform = и { $platform } може да види шта тамо напишеш
privacy-title = Шта се дешава с оним што напишеш
privacy-reads = Ко то чита?
privacy-reads-text = Саветници нашег центра ({ $centre }). То су одрасли људи чији је посао да помогну. О твојој поруци могу да разговарају међу собом да би ти боље помогли. Кад о њој морамо да кажемо и другима, пише испод.
privacy-kept = Шта чувамо?
privacy-kept-text = Оно што напишеш и пошаљеш, и оно што ти одговоримо. То чувамо закључано (шифровано). Не брише се само од себе: чувамо га док га ми не обришемо. Можеш да нас замолиш да га обришемо.
privacy-not-kept = Шта не чувамо?
privacy-not-kept-text = Твоје име, осим ако га напишеш. Адресу твог уређаја (IP). Ова страна не поставља колачиће и ништа не учитава од других фирми.
privacy-others = Да ли ћете некоме рећи?
privacy-others-text = Да, у два случаја. Први: нечији живот је у опасности или неко повређује дете. Тада можда морамо да позовемо полицију, лекара или центар за социјални рад. Ако можемо, прво ћемо рећи теби. Други: пријавиш нешто незаконито. То можемо да проследимо полицији или тужилаштву, а твоје име само ако се сложиш.
privacy-device = Може ли неко на мом телефону да види да вам пишем?
privacy-device-text = Може. Адресе наших страна остају у историји прегледача. Тамо можеш да их обришеш, или нам пиши из приватног прозора или са другог уређаја. Ако нам оставиш мејл, одговор може да се види и у њему. Дугме „Изађи одмах“ одмах отвара другу страну, а оно што још није послато нестаје. Историју не брише.
privacy-rights = Могу ли да се предомислим?
privacy-rights-text = Да. Отвори разговор својом шифром и напиши да желиш да обришемо твоје речи, или питај шта чувамо о теби. Бришемо кад се разговор заврши; у резервним копијама нешто може да остане дуже. У статистици остаје само број, без твог имена и твојих речи. Ако ти наш одговор није у реду, можеш да се жалиш Поверенику за заштиту података о личности.
back = Назад
mistake = Грешка
there-is-a-problem = Најпре треба исправити ово
url-label = Линк (адреса) онога што пријављујеш (није обавезно)
url-hint = Ископирај адресу странице, профила или групе. Не отварај је поново због нас.
message-label = Шта се дешава?
message-report-label = Шта се види или дешава? (није обавезно ако је адреса унета)
message-hint = Пиши како умеш. Не мораш да наводиш имена.
reply-to-label = Твој мејл (није обавезно)
reply-to-hint = Само ако желиш одговор и мејлом. Одговор те свакако чека овде, уз шифру.
no-files = Слике и снимке не примамо. Уместо њих пошаљи адресу (линк) на којој се налазе.
send = Пошаљи
received-title = Порука је примљена
received-text = Сачувана је и саветник ће је прочитати.
reference = Број поруке
receipt-code = Тајна шифра
receipt-danger = Ако постоји опасност, не треба чекати наш одговор. Помоћ је одмах на овим бројевима:
receipt-danger-closed = Сада нико не чита поруке. Читамо их { $opens }.
receipt-by-mail = Одговор шаљемо и на унету мејл адресу.
receipt-help-title = Док не одговоримо
receipt-help = Не плаћај и не шаљи још слика. Не бриши поруке. То није твоја кривица. Помаже и разговор са одраслом особом којој верујеш.
receipt-reference = Број поруке, за телефонски позив
mistake-code-is-reference = Ово је број поруке. Тајна шифра има 16 цифара.
nothing-new = Нема новог одговора. Погледано у { $time }.
receipt-keep = Запиши шифру сада: с њом читаш одговор и пишеш поново.
receipt-lost = Шифру не можемо да поновимо. Ако је изгубиш, пошаљи нову поруку. Не показуј је никоме коме не верујеш.
receipt-gone = Шифра се приказује само једном, да је овде не би нашао неко други. Ако имаш шифру, одговор прочитај помоћу ње. Ако је немаш, пошаљи нову поруку и помени претходну.
go-answer = Страница за читање одговора
answer-title = Прочитај одговор
code-hint = 16 цифара које си добио/ла после слања. Размаци нису важни.
read-answer = Отвори разговор
conversation-title = Твој разговор с нама
you = Ти
write-again = Напиши још нешто
sent-again = Порука је примљена.
no-answer-yet = Још нема одговора. Поруке читамо: { $hours }.
answer-within = Желимо да одговоримо за { $time }.
answer-within-open = У радно време желимо да одговоримо за { $time }.
answer-late = Одговор касни. Порука није заборављена.
no-need-to-wait = Чекање овде није потребно: шифра отвара овај разговор и касније.
show-code = Прикажи моју шифру
code-copy = Копирај шифру
code-copied = Шифра је копирана.
look-again = Погледај има ли новог одговора
mistake-message-empty = Напиши шта се дешава
mistake-report-empty = Унеси адресу или напиши шта пријављујеш
mistake-message-long = Порука је предугачка: највише 20.000 знакова. Остатак може у другу поруку.
mistake-url-long = Адреса је предугачка: највише 8.000 знакова
mistake-reply-to = Мејл није добро написан. Треба овако: ana@primer.rs
mistake-code = Ова шифра није исправна. Провери цифре.
files-title = Слике и датотеке не примамо
files-text = Уместо датотеке налепи адресу на којој се налази. Оно што си написао врати дугметом за назад.
files-label = Слике или датотеке (није обавезно)
files-hint = Највише 5, свака до 10 MB. Никад не шаљи слике голе деце, ни као доказ: уместо њих налепи адресу.
files-wanted = Саветник те моли за слику или датотеку. Пошаљи само оно што је тражено.
mistake-file-large = Једна датотека је већа од 10 MB. Изабери мање.
mistake-files-many = Више од 5 датотека. Изабери највише 5, а остале пошаљи у другој поруци.
mistake-files-again = Изабери датотеке поново: прегледач их не памти.
mistake-files-not-wanted = Датотеке примамо само кад их саветник затражи. Пошаљи текст без њих.
nothing-here-title = На овој адреси нема ничега
nothing-here-text = Можда је ископирана само делом. Ако желиш да нам пишеш или прочиташ одговор, крени од прве стране.
print = Одштампај или сачувај ову страну
what-next-title = Шта се сада дешава
what-next = Саветник ће прочитати поруку. Поруке читамо у радно време ({ $hours }). Одговор се чита овде, уз шифру.
too-large-title = Порука је превелика
too-large-text = Ништа није послато. Врати се, скрати текст или га пошаљи у више делова.
bad-form-title = Порука није могла да се прочита
bad-form-text = Ништа није послато. Врати се и пробај поново.
unavailable-title = Порука сада не може да се сачува
unavailable-text = Још ништа није послато. Текст је испод и може поново да се пошаље за пола минута. Ако је хитно, помоћ је на бројевима изнад.
pages = Странице
inbox = Сандуче
statistics = Статистика
queue = Линије и слање
log-in = Пријава
log-in-name = Корисничко име
password = Лозинка
log-in-refused = Корисничко име или лозинка нису исправни.
password-change = Промени лозинку
password-changed = Лозинка је промењена. Свуда другде сте одјављени.
password-current = Досадашња лозинка
password-new = Нова лозинка
password-hint = Од 12 до { $most } знакова. Најбоље су четири речи које немају везе једна с другом.
error-push-off = Обавештења на уређајима су искључена (`push.enabled`).
error-push-host = Подешавање `push.hosts` не наводи ову службу за обавештења.
error-push-key = Кључеви претплате нису исправни.
error-current-password = Ово није ваша досадашња лозинка.
log-out = Одјава
theme = Боје
theme-hint = Сиво: без боја, и на сликама.
theme-system = као на уређају
theme-light = светле
theme-dark = тамне
theme-calm = мирне, сиве
prefer-compact = Прикажи више контаката у списку
prefer-compact-hint = Са мање речи од сваког.
prefer-sound = Кратак звук
prefer-sound-hint = Само док се ова страна не види.
notify-about = Јави ми за
notify-everyone = особе додељене мени и особе које још нису додељене
notify-mine = особе које су додељене мени
notify-urgent = само хитни контакти и особе у непосредној опасности
prefer-notify = Обавештење
prefer-push = Обавештавај ме на овом уређају и кад је радни сто затворен
push-off = Док сте на дужности, све док се не одјавите или док не будете одјављени. Обавештење не садржи ни име ни иједну реч од онога што је написано.
push-on = На овај уређај стижу обавештења док сте на дужности, све док се не одјавите или док не будете одјављени.
push-unsupported = Овај прегледач не може да прима таква обавештења. На уређајима iPhone и iPad најпре додајте радни сто на почетни екран.
push-denied = Прегледач не дозвољава обавештења. Дозволите их за овај сајт у подешавањима прегледача.
push-unreachable = Прегледач није успео да ступи у везу са својом службом за обавештења, па на овај уређај неће стизати обавештења. Проверите везу и покушајте поново.
push-refused = Овај центар не дозвољава службу за обавештења овог прегледача, па на овај уређај неће стизати обавештења. Јавите ономе ко одржава Hotline.
push-failed = Није успело, па на овај уређај неће стизати обавештења. Покушајте поново.
push-danger = Неко је можда у опасности
push-message = Нова порука за вас
push-handed = Предат вам је контакт
push-ended = Одјављени сте. На овај уређај више не стижу обавештења.
canned = Готови одговори
canned-hint = Док пишете одговор откуцајте / и почетак имена: текст се појављује на језику особе, да га прочитате и измените пре слања.
canned-none = Још их нема. Пише их супервизор, овде.
canned-new = Нов готов одговор или макро
canned-name = Име
canned-sr = Српски, ћирилица
canned-en = Енглески
canned-fields = Попуњавају се {"{"}reference{"}"}, {"{"}counsellor{"}"} и {"{"}centre{"}"}.
canned-all-languages = Сви језици
canned-no-folder = Без фасцикле
canned-folder = Фасцикла
canned-own = мој
canned-for = За кога
canned-for-all = За све саветнике
canned-for-me = Само за мене
canned-own-hint = Овај текст видите и користите само ви.
macro = Макро
macro-hint = Макро уз то одговара на питања завршног записа, пише белешку, затвара контакт, одлаже га или предаје тиму. Пре тога страна приказује све што ће се десити.
macro-ending = На крају
macro-nothing = Остави контакт отворен
macro-close = Затвори контакт
macro-snooze-tomorrow = Одложи до сутра у 08:00
macro-snooze-monday = Одложи до понедељка у 08:00
macro-note = Белешка за колеге
macro-writes-note = Белешка за колеге: { $note }
macro-hand-over = Предај тиму { $team }
macro-reply = Одговор
macro-no-reply = Одговор се не шаље.
macro-then = Кораци
macro-steps = За сваки контакт
macro-apply = Примени макро
macro-preview = Прегледај
error-no-macro = Прво изаберите макро са списка.
canned-tip = / за готов одговор
change = Промени
delete = Обриши
conflict-no-field = попуњавају се само {"{"}reference{"}"}, {"{"}counsellor{"}"} и {"{"}centre{"}"}
conflict-no-team = изаберите тим који постоји
conflict-name-taken = ово име је заузето
view-followed = Пратим
follow = Прати
linked = Повезани контакти
link = Повежи
link-to = Број другог контакта
unlink = Уклони везу са
event-linked = повезан са
event-pinned = белешка се чува уз особу
event-unpinned = белешка се више не чува уз особу
event-unlinked = веза уклоњена
error-reference = То није број поруке.
pick = Изабери { $reference }
several = Изабрани:
several-claim = Преузми
several-give-back = Врати
several-follow = Прати
several-close = Затвори
several-spam = Непожељно
several-release = Пусти
several-discard = Одбаци
several-done-claim = { $n ->
    [one] Преузели сте { $n } контакт
    [few] Преузели сте { $n } контакта
   *[other] Преузели сте { $n } контаката
}
several-done-give-back = { $n ->
    [one] Враћен је { $n } контакт
    [few] Враћена су { $n } контакта
   *[other] Враћено је { $n } контаката
}
several-done-follow = { $n ->
    [one] Пратите { $n } контакт
    [few] Пратите { $n } контакта
   *[other] Пратите { $n } контаката
}
several-done-close = { $n ->
    [one] Затворен је { $n } контакт
    [few] Затворена су { $n } контакта
   *[other] Затворено је { $n } контаката
}
several-done-spam = { $n ->
    [one] { $n } контакт је означен као непожељан
    [few] { $n } контакта су означена као непожељна
   *[other] { $n } контаката је означено као непожељно
}
several-done-release = { $n ->
    [one] { $n } контакт је пуштен из карантина и сада је у сандучету
    [few] { $n } контакта су пуштена из карантина и сада су у сандучету
   *[other] { $n } контаката је пуштено из карантина и сада је у сандучету
}
several-done-discard = { $n ->
    [one] Одбачен је { $n } контакт из карантина
    [few] Одбачена су { $n } контакта из карантина
   *[other] Одбачено је { $n } контаката из карантина
}
several-done-macro = { $n ->
    [one] Макро је примењен на { $n } контакт
    [few] Макро је примењен на { $n } контакта
   *[other] Макро је примењен на { $n } контаката
}
save-as = Сачувај као
urgency = Хитност
conflict-too-far = ово време је предалеко
conflict-talk-time = позив траје од једне секунде до дванаест сати; упишите минуте (12) или минуте и секунде (4:30)
conflict-to-confirm = један предлог чека другу особу; потврдите га или повуците
conflict-nothing-sent = не пише шта се шаље
leave-begun = Што сте овде почели да пишете није сачувано. Ипак отићи?
log-leave = Позив још није уписан. Да ли да се одбаци?
palette = Команде
palette-open = Команде
palette-nothing = Овде нема такве команде.
quarantine-why = У карантину: стигло је током поплаве порука, можда од робота. Још се не броји.
return-incomplete = Још не. Саветник или супервизор може да допуни завршне записе:
palette-hint = Шта желите да урадите?
palette-search = Тражи
quotes = „“
prefer-quiet-keys = Искључи појединачне тастере
prefer-quiet-keys-hint = За читаче екрана, и за онога ко их притисне грешком. Ctrl+K и даље ради.
close-window = Затвори
keys = Тастери
key-palette = свака команда, по имену
key-next = следећи контакт на списку
key-previous = претходни контакт на списку
key-open = отвори контакт
key-reply = пиши одговор
key-send = пошаљи написано
key-undo = повуци управо послати одговор
key-note = пиши белешку
key-claim = преузми контакт
key-hand-over = предај
key-snooze = одложи
key-wrap-up = заврши обраду
key-close = затвори контакт
key-log = упиши позив
key-search = тражи
key-next-hit = следећа пронађена реч
key-keys = ови тастери
prefer-hint = Само док се ова страна не види, и без иједне речи од онога што је написано.
notified = Неко чека одговор.
waits-for-you = чекају вас или да их неко преузме
on-shift = На дужности
on-shift-nobody = нико
on-duty = На дужности
duty-begin = Ступи на дужност
duty-end = Заврши дужност
duty-hint = Ко је на дужности добија нове контакте. Притисните да промените.
role-counsellor = саветник
role-supervisor = супервизор
role-manager = руководилац
role-administrator = администратор
line-ailing = Линија { $line } од { $since } не може да преузме неке поруке. Тражи их поново; видите „Линије и слање”.
line-down = Линија { $line } не ради од { $since }. Поруке чекају на серверу и биће преузете.
stale = Веза са сервером је прекинута: ово можда није најновије. Оно што куцате остаје.
views = Прегледи
view-unassigned = Нераспоређени
view-mine = Моји
view-all = Сви
list-empty = Нема контаката у овом прегледу.
more = Још
erased = Садржај је обрисан
line-silent = Од покретања није примљена ниједна порука.
line-up-since = Ради од { $since }.
line-ailing-since = Ради од { $since }, али не потпуно:
line-down-since = Не ради; примећено { $since }:
queue-hint = Овде видите да ли линије раде, који одговори нису испоручени и које поруке нису постале контакти.
failed-replies = Неиспоручене поруке људима
failed-replies-hint = Контакт на који одговор није стигао поново чека, па га саветник види. Када се узрок отклони, пошаљите поруку поново.
failed-replies-none = Све поруке су испоручене или се још шаљу.
system-failed-replies = { $n ->
    [one] { $n } порука људима није испоручена.
    [few] { $n } поруке људима нису испоручене.
   *[other] { $n } порука људима није испоручено.
}
back-to-desk = Назад на радни сто
delivery-ready = Чека: особа чита уз шифру
error-channel = Нема таквог канала.
conflict-balance-overlaps = овај канал већ има бројке за неке од тих дана
mistake-code-empty = Упиши шифру
mistake-more-empty = Напиши поруку
waits-since = Чека од
just-now = сада
choose-one = Изаберите контакт са списка.
back-to-list = Назад на списак
claim = Преузми
give-back = Врати у ред
close = Затвори
reopen = Отвори поново
marking = Ознака
mark-spam = Непожељно
marking-none = без ознаке
marking-spam = непожељно
marking-test = проба
marking-duplicate = дупликат
marking-quarantine = карантин
status-waiting = чека нас
status-answered = одговорено
status-closed = затворено
messages = Поруке
the-person = Особа
person-unnamed = анонимно
unread = непрочитано
note = Белешка
acknowledgement = Аутоматска потврда
reported-address = Пријављена адреса
claimed-at = Датум који је навео пошиљалац:
quoted = Цитирани текст
attachments = Прилози
look = Погледај
unveil = Прикажи јасно, у боји
attachment-warning = отварање се бележи; садржај може да узнемири
reply-short = одговор
attachment-not-kept = није сачувано: ова линија не прима датотеке
attachment-elsewhere = налази се код платформе
attachment-wanted = дохвата се
attachment-failed = није могло да се дохвати
attachment-too-large = већи него што платформа издаје: замолите особу за мањи
fetch-file = Дохвати
reply-files = Приложи датотеке
edited = измењено
earlier-versions = раније верзије
news-blocked = Особа нас је блокирала: ништа што напишемо не стиже.
news-unblocked = Особи поново може да се пише.
news-stopped = Особа је замолила да јој не пишемо. Одговор је могућ после њене следеће поруке.
news-chose = Особа је изабрала језик аутоматских порука.
news-gap = Овде можда недостају поруке: овај разговор није могао да се прочита. Што недостаје стиже касније, ако поново буде могло да се прочита.
event-news = платформа јавља
event-edited = порука је измењена
event-edited_earlier = измењена је порука ранијег контакта
event-file_wanted = затражен је прилог
event-file_fetched = прилог је дохваћен
event-file_failed = прилог није могао да се дохвати
reason-blocked = особа нас је блокирала: ништа не може да се пошаље док то не повуче
reason-account-gone = налог ове особе више не постоји: тамо ништа не може да се пошаље
reason-no-direct-messages = Дискорд нам не дозвољава да пишемо овој особи директно: не прима директне поруке или је напустила сервер. Може поново да притисне дугме у каналу сервера; или одговорите на други начин.
reason-no-line = ове линије нема у подешавањима
reason-own-address = то је једна од наших адреса
reason-letters-in-address = део адресе испред „@“ има слова на која сервер поште не може да шаље
reason-cannot-prepare = више пута није могло да се припреми
reason-cut-off = веза је прекинута током предаје
reason-broke = веза је пукла током предаје
reason-too-slow = друга страна предуго није одговарала
reason-unreachable = друга страна је недоступна
reason-wait = друга страна тражи да сачекамо
reason-token-refused = платформа одбија токен ове линије: јавите администратору
reason-given-up = после пет дана се одустало
no-words = без текста
file-picture = слика
file-sound = звук
file-video = видео
file = датотека
undo-send = Повуци
newer-came = Нешто је стигло откако сте почели овај одговор. Прочитајте пре него што пошаљете.
look-first = Покажи
send-anyway = Пошаљи овако
draft-kept = Нацрт је сачуван
draft-not-kept = Нацрт није могао да се сачува
reads-here = { $name } чита ово
writes-here = { $name } пише одговор
conflict-not-seen = стигло је нешто што још нисте видели; текст је сачуван као нацрт
conflict-has-left = овај одговор је већ отишао
conflict-not-yours = ово је написао неко други
event-unsent = одговор је повучен
wrap-up = Завршни запис
wrap-up-keep = Сачувај
wrap-up-close = Сачувај и затвори
wrap-up-all = Сва питања
messages-folded = { $n ->
    [one] Прикажи још { $n } поруку
    [few] Прикажи још { $n } поруке
   *[other] Прикажи још { $n } порука
}
wrap-up-missing = Одговорите на питања означена са * пре затварања.
no-counselling = Није обраћање за помоћ: непожељна пошта, шала, проба…
no-counselling-hint = Један тастер затвара: отворите ово и притисните тастер.
conflict-not-wrapped-up = прво попуните завршни запис
conflict-unlawful-answer = класификација нема то питање или тај одговор
event-classified = попуњен завршни запис
event-classified_in_part = започет завршни запис
log = Упиши позив
log-title = Упиши позив
log-call = Позив
log-lead = Покрените сат кад се јавите. Позив се броји у дану и сату у којем је почео.
log-talk = Трајање
log-talk-hint = Минути (12), или минути и секунде (4:30). Празно ако не знате.
log-start = Покрени сат
log-stop = Заустави сат
log-running = Сат тече од { $time }.
log-details = Мрежа, време, колега, број
talk-time = Трајање разговора
talk-calls-logged = Уписани позиви
talk-calls = Позиви са уписаним трајањем
talk-minutes = Трајање разговора, минути
talk-average = Просечно по позиву, минути
log-network = Мрежа
log-at = Када
log-for = Позив примио/ла
log-caller = Број или име
log-caller-hint = Само ако га је особа рекла и ако је потребно.
log-text = О чему је било речи
log-hint = Ако не недостаје ништа означено са *, контакт се одмах затвара; иначе остаје ваш.
log-save = Евидентирај (Ctrl+Enter)
log-done = Евидентирано:
log-no-time = недостају дан и сат
call-by = Позив примио/ла
event-logged = уписан
conflict-in-the-future = то време још није дошло
conflict-no-network = таква мрежа се овде не уписује
channel-viber = Вајбер
channel-whatsapp = Вотсап
channel-instagram = Инстаграм
channel-facebook = Фејсбук
channel-in-person = лично
search = Тражи
search-hint = Речи или број поруке
search-how = "две речи" заједно, -реч која се изоставља, једна ИЛИ друга
search-nothing = Ниједан контакт није пронађен. Све речи морају да буду у истом контакту; писмо, величина слова, квачице и наставци нису важни. Покушајте са једном ИЛИ другом речју.
search-more = Има још: додајте реч или филтер.
search-count = { $n ->
    [one] { $n } контакт
    [few] { $n } контакта
   *[other] { $n } контаката
}
search-at-least = Најмање { $contacts }
search-status = Статус
search-more-cases = { $n ->
    [one] Има још { $n } случај: додајте реч.
    [few] Има још { $n } случаја: додајте реч.
   *[other] Има још { $n } случајева: додајте реч.
}
search-recent = Недавне претраге
search-forget = Заборави
next-hit = { $n ->
    [one] Прикажи следећу пронађену реч (укупно { $n })
    [few] Прикажи следећу пронађену реч (укупно { $n })
   *[other] Прикажи следећу пронађену реч (укупно { $n })
}
search-reading = Текстови се још читају (до сада { $n }); можда има још.
view-urgent = Хитно
view-team = Мој тим
view-waiting = Чекају нас
view-late = Касни
reply-due-in = одговор за { $time }
reply-due-at = одговор до { $at }
reply-due-now = рок за одговор је сада
macro-missing = Овај макро затвара контакт, а ова питања завршног записа још немају одговор: { $questions }
macro-to-wrap-up = Најпре одговорите на њих
notify-denied = Прегледач не дозвољава обавештења. Дозволите их за овај сајт у подешавањима прегледача.
reply-late-by = одговор касни { $time }
view-answered = Чекамо њих
view-snoozed = Одложени
view-closed = Затворени
view-marked = Непожељни и слични
view-quarantine = Карантин
filter = Филтер
filter-apply = Прикажи
filter-none = Све
order = Редослед:
order-most_urgent = прво најхитнији
order-longest_wait = прво ко најдуже чека
assigned-to = Води
any = све
topic = Тема
teams = Тимови
colleagues = Колеге
from-day = Од
to-day = До
urgency-urgent = хитно
urgency-danger = у непосредној опасности
hand-over = Предај
hand-to = Коме
hand-note = Белешка уз предају
ask-for = Затражи преузимање
asks-for = { $name } тражи да преузме ово.
snooze = Одложи
snooze-tomorrow = До сутра у 08:00
snooze-monday = До понедељка у 08:00
snooze-until = До изабраног времена
wake = Врати
snoozed-until = Одложено до
conflict-has-passed = то време је прошло
event-handed_over = предат
event-asked_for = затражено преузимање
event-snoozed = одложен
event-woken = враћен
event-blocked = идентификатор блокиран на неко време
event-unblocked = идентификатор више није блокиран
event-kept_out = стигло с блокираног идентификатора: нико није позван
handed-by = Предаје { $name }
block = Блокирај овај идентификатор…
block-hint = Што пише и даље се бележи, броји и чува, али ван погледа, и нико се на то не позива. На колико?
blocked-until = блокиран до
unblock = Одблокирај
claim-anyway = { $name } управо пише овде. Преузети ипак?
taken-by-other = Овај контакт сада води неко други. Што сте написали сачувано је као ваш нацрт; не може се послати.
just-closed = Затворено.
take-back = Поништи затварање
conflict-too-many-pinned = већ се чува превише бележака о овој особи
conflict-no-identifier = овај контакт нема идентификатор
cases = Случајеви
cases-none = Још нема случајева. Случај се формира из отвореног контакта.
case = Случај
case-number = Број
case-kind = Врста
case-formed = Формиран
case-summary = О чему је реч
case-contacts = Формиран из
case-forwarded = прослеђен
case-advisory = само савет, није прослеђен
case-to-confirm = чека другу особу
case-form = Формирај случај
case-form-another = Овај контакт је већ у случају. Формирати још један?
cancel = Откажи
case-form-hint = Контакт добија случај са бројем. Сажетак можете мењати и касније.
case-close = Затвори случај
case-tell = Припреми одговор
referral-new = Проследи установи
referral-institution = Установа
referral-basis = Правни основ
referral-basis-hint = На пример: Породични закон, члан 263. Допис установи може да се припреми чим је прослеђивање предложено.
referral-sent = Шта се шаље
referral-sent-on = Послато
referral-number = Њихов број
referral-outcome = Исход, речима
referral-propose = Предложи
referral-hint = Неко други потврђује пре него што се случај рачуна као прослеђен.
referral-proposed = Предложено
referral-confirmed = Потврђено
referral-confirm = Потврди прослеђивање
referral-confirm-hint = Прочитајте шта се шаље. Кад потврдите, случај се рачуна као прослеђен. Затим неко шаље допис и уписује датум слања.
referral-note = Упиши дане, број и исход
referral-withdraw = Повуци предлог
referral-withdraw-sure = Повући овај предлог? Што је писало остаје међу ранијим верзијама.
referral-withdrawn = Предлог који је повучен
referral-waits = Чека да друга особа потврди. После тога се овде уписује датум слања.
case-tasks-hint = чекају вас: за потврду, измену или тражење одговора
case-answer-due = Рок за одговор
case-returned = Враћено на дораду
case-tasks-to-confirm = Чека вашу потврду
case-owner = Води
case-rights-owner = Ово је ваш случај: опис и прослеђивања мењате ви и супервизори.
case-rights-supervisor = Као супервизор можете да мењате опис и прослеђивања овог случаја.
case-rights-colleague = Опис и прослеђивања мењају само { $owner } и супервизори. Можете да напишете допуну или да преузмете случај.
case-additions = Допуне
case-addition = Допуна
case-add-contact = Још један контакт који пријављује исто (број)
case-add-contact-button = Додај
case-add = Напиши допуну
case-add-hint = Приказује се с вашим именом и временом и не може да се мења.
case-taken-over = Преузет случај
case-take-over = Преузми случај
case-take-over-reason = Разлог
case-take-over-hint = Случај сада води { $owner }. Разлог остаје у случају.
case-open-contact = Отвори контакт
referral-change = Измени предлог
referral-return = Врати на дораду
referral-return-reason = Шта треба изменити
referral-returned = Враћено на дораду
referral-due = Рок за одговор
referral-due-by = рок за одговор
referral-overdue = рок је прошао
referral-remind = Подсети ме поново
referral-remind-keep = Помери подсетник
referral-outcome-kind = Исход
referral-answered-on = Одговор стигао
referral-sent-hint = Сваки ред постаје ставка у списку прилога у допису.
outcome-awaited = чека се одговор
outcome-answered = одговорено
outcome-measures = предузете мере
outcome-removed = садржај уклоњен
outcome-declined = одбијено
outcome-no_answer = без одговора
conflict-not-case-owner = овај случај води неко други; напишите допуну или преузмите случај
conflict-not-confirmed = ово прослеђивање још није потврђено
conflict-referral-returned = ово је враћено на дораду и од тада није измењено
letter = Допис установи
letter-open = Допис установи
letter-download = Преузми као PDF
letter-sends-nothing = Ова страница ништа не шаље. Када друга особа потврди прослеђивање, одштампајте или сачувајте допис, пошаљите га онако како налаже ваша установа и упишите датум на страници случаја.
letter-sent-on = Допис је послат
letter-sent-on-keep = Упиши датум
letter-date = Датум
letter-our-number = Број
letter-their-number = Ваш број
letter-date-in-words = { $day }. { $month } { $year }. године
letter-subject = Достављање података о случају { $number }
letter-draft = НАЦРТ – још није потврђено
letter-opening = Достављамо вам следеће податке о случају који је пријављен нашем центру.
letter-opening-basis = На основу: { $basis }, достављамо вам следеће податке о случају који је пријављен нашем центру.
letter-enclosed = Прилози
letter-signature = потпис овлашћеног лица
letter-email = е-пошта
letter-telephone = телефон
letter-month-1 = јануара
letter-month-2 = фебруара
letter-month-3 = марта
letter-month-4 = априла
letter-month-5 = маја
letter-month-6 = јуна
letter-month-7 = јула
letter-month-8 = августа
letter-month-9 = септембра
letter-month-10 = октобра
letter-month-11 = новембра
letter-month-12 = децембра
tell-advisory = Хвала ти на поруци. Размотрили смо оно што си пријавио/ла под бројем { $reference }.
tell-forwarded = Хвала ти на поруци. Оно што си пријавио/ла под бројем { $reference } прослеђено је: { $institution }.
conflict-second-person = неко други мора да потврди оно што сте предложили
conflict-changed = измењено је откад сте отворили; прочитајте поново
conflict-confirmed = оно што је потврђено остаје како је било
conflict-case-closed = овај случај је затворен
event-in_case = у случају
event-forwarded = прослеђен уз случај
delivery-uncertain = можда је стигло; поновно слање може да га удвостручи
conflict-stopped = ова особа је замолила да јој не пишемо; одговорите после њене следеће поруке
conflict-nothing-to-fetch = прилог је већ овде, дохвата се или не може да се дохвати
conflict-sends-no-files = на овој линији не могу да се шаљу прилози
error-form = Образац није могао да се прочита.
error-time = Ово није датум и време.
error-file-large = Прилог је већи од 10 MB.
error-files-many = Више од 5 прилога.
ask-for-files = Затражи датотеку
files-asked = Датотека је затражена
event-files_asked = затражена датотека
error-title = Ово није успело
error-not-logged-in = Прво се пријавите.
error-may-not = Ваша улога нема право на ово.
error-not-found = Овде нема тога.
error-conflict = Није урађено: { $why }.
error-fault = Нешто не ради код нас. Пробајте поново; ако се понови, јавите ономе ко води програм: грешка { $number }.
error-marking = Нема такве ознаке.
error-days-backwards = Први дан је после последњег.
error-day = Дан се пише као 2026-01-31.
error-days-missing = Потребна су оба дана.
error-view = Нема таквог прегледа.
conflict-held = овај контакт води неко други
conflict-no-address = особа није оставила адресу за одговор
conflict-not-asked-for = особа није тражила одговор на ту адресу
conflict-done = неко је то већ урадио
conflict-newer = особа има новији отворен контакт; одговорите тамо
conflict-no-text = нема текста
conflict-long = текст је дужи од 20.000 знакова
conflict-not-failed = поново се шаље само оно што није испоручено
conflict-no-files = на овој линији датотеке не могу да се затраже
conflict-balance-source = почетно стање има канал и извор
conflict-balance-backwards = почетно стање није негативно и период му не иде уназад
conflict-no-dimension = бројке се деле по једној или две од постојећих димензија
conflict-too-fine = бројке о особама се приказују по месецима и дужим раздобљима, а не по сату, дану у недељи или чекању на одговор
conflict-too-many-to-cross = по данима или недељама две димензије се укрштају за највише 200.000 обраћања; изаберите краће раздобље или месеце
conflict-correction-twice = баш ова исправка је већ унета
conflict-day-entered = оно што је тог дана бројано унето је као бројка; замолите руководиоца за исправку
conflict-too-many-lines = евиденција се уноси у деловима од највише 10.000 редова
conflict-named-twice = неко је наведен два пута
conflict-busy = превише пријава одједном; пробајте за минут
conflict-short-password = Лозинка има најмање 12 знакова.
conflict-long-password = Лозинка има највише 128 знакова.
conflict-weak-password = Ова лозинка се лако погађа. Узмите четири речи које немају везе једна с другом.
conflict-other = сада не може
send-again = Пошаљи поново
raw-source = Оригинална порука
styleguide = Водич кроз изглед
preview = Преглед
preview-formatted = { $channel } приказује подебљане речи, спискове и везе овако.
preview-plain = { $channel } приказује обичан текст.
preview-messages = { $n ->
    [one] Шаље се као { $n } порука.
    [few] Шаље се као { $n } поруке.
   *[other] Шаље се као { $n } порука.
}
bold = Подебљано
bold-letter = Б
list = Списак
reply-label = Одговор особи
send-reply = Пошаљи одговор (Ctrl+Enter)
note-label = Интерна белешка
note-hint = Виде само запослени, никад се не шаље
save-note = Сачувај белешку
held-by-other = Води: { $name }
no-reply-erased = Овај контакт је обрисан, па на њега не може да се одговори.
no-reply-anonymous = Особа није оставила број ни адресу, па одавде не можете да одговорите. Можете да напишете белешку.
no-reply-network = На мрежу са које је стигао овај позив одавде не може да се пошаље одговор. Позовите особу и напишите белешку.
no-reply-address = Особа није оставила адресу за одговор. Можете да напишете белешку.
record = Картон
name = Име
identifier = Идентификатор
answer-to = Одговор на
answer-at = Пошаљи одговор на
answered-so-far = досадашња
came-from = Стигла је са адресе
anonymous-with-code = анонимно, са шифром
channel = Канал
asks = Тражи
language = Језик поруке
assignee = Води
opened = Отворен
counts-on = У статистици се броји на дан
counts-not = не броји се
refers-to = Позива се на
pin = Чувај уз особу
pinned = Белешке о особи
unpin = Чувај само у њеном контакту
other-contacts = Други контакти истог идентификатора
history = Историја
event-registered = евидентиран
event-joined = стигла порука
event-auto_reply = стигао аутоматски одговор
event-assigned = додељен
event-not_acknowledged = потврда није послата: превише за један дан
event-claimed = преузет
event-given_back = враћен
event-replied = одговорено
event-noted = белешка
event-closed = затворен
event-reopened = отворен поново
event-marked = ознака
event-delivery = испорука
delivery-queued = у реду за слање
delivery-sending = шаље се
delivery-sent = послато
delivery-delayed = касни, покушава се поново
delivery-failed = није испоручено
delivery-unknown = неизвесно, шаље се поново
channel-email = е-пошта
channel-webform = веб-формулар
channel-telegram = Телеграм
channel-discord = Дискорд
channel-bridge = мост
channel-telephone = телефон
channel-social = друштвене мреже
remark-forwarded = Туђе речи, прослеђене.
remark-sticker = Налепница.
remark-location = Место на мапи.
remark-contact-card = Нечије име и број из именика.
remark-poll = Анкета.
remark-nameless-mention = Помиње некога или нешто само бројем: платформа није навела име.
remark-unknown-content = Садржи нешто што овде не може да се прикаже; налази се у оригиналној поруци.
remark-too-large = Порука је превелика: преузето је само заглавље.
remark-text-cut = Текст је дужи од приказаног; цео је у оригиналној поруци.
remark-parts-cut = Прилога је више; остали су у оригиналној поруци.
remark-tnef = Садржи winmail.dat (TNEF), који се не отвара.
remark-encrypted = Порука је шифрована.
remark-from-html = Текст је направљен од HTML поруке.
remark-unreadable = Порука није могла да се прочита. Погледајте оригиналну поруку.
remark-answer-elsewhere = Тражи одговор на другу адресу.
remark-same-id = Исти број поруке с другим садржајем стигао је раније.
remark-other-sender = Позива се на разговор друге особе; није му придружена.
remark-automatic = Послала ју је машина.
remark-mailing-list = Стигла је преко листе или другог слања многима.
lines = Линије
line = Линија
state = Стање
since = Од
parked = Паркирано
parked-hint = Послови који нису успели ни после више покушаја. Ништа се не брише.
nothing-parked = Ништа није паркирано.
job = Посао
tries = Покушаја
reason = Разлог
run-again = Покрени поново
set-aside = Остављено по страни
set-aside-hint = Примљено, али није контакт: враћена пошта, аутоматски одговори, поновљене испоруке.
nothing-aside = Ништа није остављено по страни.
figures = Бројке
figures-lead = Изаберите шта се броји и по којим својствима (једном или два), на пример теме по каналу.
figures-two-not-compared = Бројеви по два својства, или по данима, месецима и годинама, не пореде се с ранијим периодом.
figures-any = Бројеви по било ком својству
figures-by = По
figures-and = и
figures-every = Сваки
figures-rest = није разврстано
figures-rest-hidden = није разврстано или је скривено
figures-registered-here = забележено овде, без почетних стања
figures-bar = удео
every-day = дан
every-week = недеља
every-month = месец
every-quarter = тромесечје
every-year = година
by-language = Језик
by-hour = Сат у дану
by-weekday = Дан у недељи
by-counselling = Саветовање
counselling-yes = саветовање
counselling-no = без саветовања
weekday-1 = понедељак
weekday-2 = уторак
weekday-3 = среда
weekday-4 = четвртак
weekday-5 = петак
weekday-6 = субота
weekday-7 = недеља
holiday-new_year = Нова година
holiday-christmas = Божић
holiday-statehood_day = Дан државности
holiday-good_friday = Велики петак
holiday-holy_saturday = Велика субота
holiday-easter = Васкрс
holiday-easter_monday = Васкрсни понедељак
holiday-labour_day = Празник рада
holiday-armistice_day = Дан примирја у Првом светском рату
error-nothing-chosen = Изаберите по чему се бројке деле.
since-establishment = Евидентиране комуникације од оснивања
of-which = Евидентирано у програму { $registered }, почетно стање { $balance }
by-channel = По каналу
period = Период
from-start = од оснивања
until-now = до данас
as-of = стање у
registered = Евидентирано
opening-balance = Почетно стање
no-balances = Нема почетних стања.
total = Укупно
by-day = По дану
day = Дан
from = Од дана
to = До дана
show = Прикажи
enter-balance = Унос почетног стања
balance-hint = Бројке од пре програма. Приказују се посебно и улазе у збир од оснивања.
source = Извор
enter = Унеси
contacts-waiting = { $n ->
    [one] { $n } контакт чека
    [few] { $n } контакта чекају
   *[other] { $n } контаката чека
}
minutes = { $n ->
    [one] { $n } мин
    [few] { $n } мин
   *[other] { $n } мин
}
hours-long = { $n ->
    [one] { $n } сат
    [few] { $n } сата
   *[other] { $n } сати
}
days = { $n ->
    [one] { $n } дан
    [few] { $n } дана
   *[other] { $n } дана
}
mail-acknowledgement =
    Здраво,

    примили смо твоју поруку и саветник ће је прочитати. Број поруке је { $reference }.

    Радно време: { $hours }. Наш телефон: { $telephone }.

    Ако си у опасности сада, не чекај одговор, позови:
    { $emergency }

    Ово је аутоматска потврда. На њу можеш да одговориш ако желиш нешто да додаш.

    { $centre }
chat-acknowledgement =
    Примили смо твоју поруку и саветник ће је прочитати. Број поруке је { $reference }.

    Одговарамо овде. Радно време: { $hours }. Наш телефон: { $telephone }.

    У опасности си? Не чекај, позови:
    { $emergency }

    Сама платформа може да види шта овде пише. Можеш да нам пишеш и без ње, и без имена: { $form }
telegram-command-start = Ко ово чита и шта бива с тим
telegram-command-help = Ко ово чита и шта бива с тим
telegram-command-language = Изабери језик
telegram-command-stop = Не пишите ми
telegram-greeting =
    Здраво. Ово је { $centre }. Пиши шта те мучи на интернету: о себи, детету, ученику. Не мораш да кажеш ко си.

    Ко чита: само наши саветници. Одговарају овде. Радно време: { $hours }. Писати можеш увек. Наш телефон: { $telephone }.

    Када говоримо другима: само ако је нечији живот у опасности или неко повређује дете. На пример: неко каже да ће себи наудити.

    Шта се чува: оно што напишеш и твој налог овде, запечаћено. Сам Телеграм може да види овај разговор. Без њега и без имена можеш да пишеш овде: { $form }

    Никада не шаљи слике голе деце, ни као доказ.

    У опасности си? Не чекај, позови:
    { $emergency }

    Други језик: /language. Ако не желиш да ти пишемо: /stop
telegram-stopped =
    Више ти нећемо писати овде. Ако поново пишеш, опет одговарамо.

    Овај разговор у Телеграму можеш да обришеш са своје стране.
telegram-choose-language = На ком језику да ти се обраћа овај бот?
telegram-group = Радим само у приватним разговорима, да нико други не чита. Пиши ми тамо, или овде: { $form } Сада напуштам ову групу.
discord-room =
    { $centre }

    Нешто те мучи на интернету? Притисни дугме и пиши. Читају само наши саветници; нико са овог сервера не чита. Не мораш да кажеш ко си.

    Када говоримо другима: само ако је нечији живот у опасности или неко повређује дете. Радно време: { $hours }. Писати можеш увек.

    У опасности си? Не чекај, позови:
    { $emergency }

    Сам Дискорд, и ко води овај сервер, могу да виде нит у којој одговарамо. Без њих, и без имена, можеш да пишеш овде: { $form }
discord-button = Пиши нам
discord-form-title = Пиши саветнику
discord-form-label = Шта се догађа?
discord-form-hint = Пиши како умеш. Не мораш да наводиш имена.
discord-received = Примили смо твоју поруку. Број поруке је { $reference }. Саветник ће је прочитати. Радно време: { $hours }.
discord-received-only = Примили смо твоју поруку. Саветник ће је прочитати. Радно време: { $hours }.
discord-thread = Одговарамо ти овде, и тамо можеш да пишеш још: { $thread }
discord-not-received =
    Порука сада није могла да се сачува. Ништа није послато. Копирај је и пробај поново за пола минута, или пиши овде: { $form }

    { $text }
outreach = Теренски рад
outreach-register = Регистар догађаја
outreach-schools = По врсти установе
outreach-presentation = презентација
outreach-webinar = вебинар
outreach-seminar = семинар
outreach-workshop = радионица
outreach-campaign-stop = станица кампање
outreach-training = обука вршњачких едукатора
outreach-other = други догађај
outreach-state = Стање
outreach-state-planned = планирано
outreach-state-held = одржано
outreach-state-cancelled = отказано
event-planned_event = планиран је догађај
event = Догађај
events = Догађаји
event-new = Нови догађај
event-edit = Измени
event-where = Где
event-reached = Обухваћено
event-presenter = Предавач
event-remarks = Напомена
event-asked-by = На захтев
nothing-held = У овом периоду ништа није одржано.
presentations = Презентације
students = Ученици
parents = Родитељи
teachers = Наставници
others = Остали
school = Школа или друга установа
schools = Установе
school-primary = основна школа
school-secondary = средња школа
school-preschool = вртић
school-faculty = факултет
school-other = друго
school-kind = Врста
school-place = Место
school-new = или нова
school-add = Додај установу
school-merge = Споји два уноса
school-merge-hint = Два уноса исте установе постају један: броји се једном, и све што је одржано у било којем рачуна се њој. Ово се не може вратити.
school-merge-one = Овај унос
school-merge-into = исто је што и
educators = Вршњачки едукатори
educators-hint = Млади који уче своје вршњаке. Упишите само како желе да их зовемо; други подаци о њима овде нису потребни.
educators-active = Вршњачких едукатора сада
educators-trainings = Обуке
educators-sessions = Вођених сусрета
educators-reached = Обухваћених особа
educator-led = водио/ла
educator-trained = обучен/а
educator-new = Нови
educator-add = Додај
educator-left = Више не учи
educator-again = Поново учи
communications = Евидентиране комуникације
this-period = Овај период
period-before = Претходни период
a-year-before = Годину раније
against-before = у односу на претходни период
against-a-year-before = у односу на исте дане годину раније
of-which-corrected = исправке { $count }
corrections = Исправке
correction = исправка
is-correction = Исправља оно што је избројано
correction-hint = Исправка може бити и негативна и односити се на дане који се већ броје. Мора да има разлог.
entries = Почетна стања и исправке
entry-what = Шта
withdraw = Повуци
withdrawn = повучено
cases-advisory = случајеви, само савет
cases-forwarded-to = случајеви, прослеђени: { $institution }
forwarded-to = прослеђени: { $institution }
cases-all = Сви случајеви
import-register = Унос старог регистра (CSV)
import-hint = Заглавље и ред за сваку бројку: of (contact или case), value (канал, advisory или установа), from, to, count, source, и по потреби correction и reason. Прво пробајте: ништа се не уноси ако сваки ред није исправан.
import-try = Само пробај
import-enter = Унеси све
import-empty = Нема ниједног реда за унос.
import-would = Ово би било унето; још ништа није
import-wrong = Ништа није унето: неки ред није исправан
tokens = Токени за програме, само за читање
tokens-hint = С токеном програм чита бројке на /api/v1/statistics, са скривеним малим бројевима, и ништа друго.
token-name = Чему служи
token-make = Направи токен
token-made = Токен
token-once = Препишите га сада: више се не приказује.
token-end = Укини
token-ended = укинут
token-used = последњи пут коришћен
figure-hidden = скривено
cells-hidden = бројке о особама су из целих месеци који су прошли; мање од { $least } су скривене, као и оне из којих би се израчунале. Бројке о раду центра, као што су канали, случајеви и времена одговора, тачне су
cover-use = Намена
use-internal = тачне бројке за унутрашњу употребу, нису за објављивање
use-publication = за објављивање: мале бројке о особама су скривене
use-return = тачне бројке за организацију која прикупља овај извештај, нису за објављивање
purpose = Намена бројки
purpose-internal = Тачне
purpose-publication = За објављивање
files-internal = За нас (тачне бројке)
files-publication = За објављивање (мале бројке скривене)
over-time = Кроз време, по каналима
over-time-said = Највише у периоду { $piece }: { $most }.
topics = Теме
topics-none = Ниједна тема се не издваја.
topics-hidden = Ниједна тема се не може приказати: приказују се када месец прође, и никада ако их је мало.
hours-said = Најчешће { $when }: { $count }.
cases-share = Случајеви, у односу на комуникације: { $cases }. Прослеђени, од свих случајева: { $forwarded }.
contents = Садржај
overview = Преглед
year-choice = Година
no-figures = У овом периоду нема бројки.
parts-of-year = Делови године
whole-year = Цела година
quarter-of-year = { $quarter }. тромесечје
other-days = Други дани
sentences-copy = Реченице за годишњи извештај, за преписивање
tokens-short = Токени
flow = Пренето, отворено, затворено, у току
flow-carried-over = Пренето
flow-opened = Отворено
flow-closed = Затворено
flow-open = У току на крају
contacts = Контакти
first-reply = Први одговор
first-reply-answered = Одговорено
first-reply-not = Без писаног одговора
half-within-minutes = Половина за, минута
nine-within-minutes = Девет од десет за, минута
first-reply-hint = Од пријема до првог послатог одговора, за евидентиране у периоду. За позиве није потребан.
half-within = Половина за највише
nine-within = Девет од десет за највише
within = за највише { $time }
within-later = касније
urgent-read = Хитно или у непосредној опасности: до читања
urgent-read-all = Прочитано
urgent-read-hint = Од пријема док неко од запослених први пут није отворио оно што је оцењено као хитно или као непосредна опасност.
standing = Тренутно
standing-open = У току
standing-oldest = Најстарије у току
standing-oldest-minutes = Најстарије у току, минута
standing-waiting = Најдуже чека на нас (започети сати)
standing-waiting-minutes = Најдуже чека на нас, минута
standing-undelivered = У току, са одговором који није стигао
standing-quarantined = У карантину, не броји се
by-answered = Како је одговорено
answered-replied = Послат одговор
answered-taken = Примљено одмах: позиви и оно што је уписано
answered-unneeded = Затворено, одговор није потребан
answered-missed = Пропуштено: затворено без одговора
answered-open = У току, још без одговора
missed-share = Пропуштено, од оних којима следује одговор
by-urgent-read = Хитно или у непосредној опасности: време до читања
by-first-reply = Време до првог одговора
by-age-insafe = Узрасна група (Insafe)
by-age-chi = Узрасна група (Child Helpline International)
by-case-kind = Врста случаја
by-institution = Установа
by-referral-outcome = Исход прослеђивања
referral-outcomes = Прослеђивања по исходу
referral-median-days = медијана броја дана до одговора
referral-overdue-now = сада касни
sentences = У реченицама
sentence-ever = Центар је од оснивања евидентирао { $communications } телефоном, електронском поштом, преко сајта и друштвених мрежа.
sentence-period = Од { $from } до { $to } евидентирано је { $communications }
sentence-cases = Од тога је формирано { $cases }: { $advisory } саветодавних и { $forwarded } прослеђених надлежним установама.
sentence-primary = Одржано је { $presentations } у { $schools } за { $students } и { $parents }.
sentence-secondary = Догађаји су одржани у { $schools }.
sentence-webinars = За наставнике је одржано { $webinars }.
sentence-presentations = Укупно је { $presentations } обухватило { $students }, { $parents } и { $teachers }.
sentence-peers = Вршњачки едукатори су водили сусрете: { $sessions }, и обухватили особа: { $reached }.
definition = Једна евидентирана комуникација је један контакт, на локални дан када је стигла прва порука, под својим каналом. Касније поруке истог разговора, одговори и аутоматски одговори се не броје; непожељна пошта, пробе и дупликати се изузимају. Почетна стања и исправке приказују се посебно и сабирају.
cover = Насловна
cover-title = Евидентиране комуникације
cover-centre = Центар
cover-made-by = Сачинио/ла
cover-definition = Шта се броји као једна
cover-left-out = Изостављено
time-zone = Временска зона
cover-remark = Напомена
cover-lines = Редова
figures-of = Броји
counted-contact = евидентиране комуникације
counted-closing = затворени контакти
counted-case = случајеви
counted-referral = прослеђивања институцијама
figure-opened = Шта бројка броји
figure-any = било које
figure-at = Када
figure-status = Стање
figure-more = Ранија
figure-none-here = Овде ништа није бројано.
figure-differs = Бројка каже друго него што овде има контаката. Ко одржава услугу налази разлог командом „hotline statistics verify“.
channels-other = остали канали
events-cut-off = Наведени су само најновији; остали се виде у краћем периоду.
csv-table = табела
csv-row = ред
csv-column = колона
csv-figure = бројка
files-and-returns = Датотеке и извештаји
rows-file = Један ред по контакту, без имена и текстова (CSV)
print-page = Штампај
as-table = Као табела
nothing-registered = У овом периоду овде ништа није евидентирано.
link-to-days = Веза баш на ове дане
period-ever = Од оснивања
period-today = Данас
period-yesterday = Јуче
period-week = Ова недеља
period-month = Овај месец
period-last-month = Прошли месец
period-quarter = Ово тромесечје
period-last-quarter = Прошло тромесечје
period-year = Ова година
period-last-year = Прошла година
error-period = Нема таквог периода. Постоје month, last_quarter, 2024, 2024-Q1 и 2024-03.
error-format = Нема таквог формата. Постоје json, csv и xlsx.
returns = Извештаји
return-version = мапирање
return-check = Да ли је потпун?
return-complete = Ништа не недостаје и све има свој ред.
return-other-period = Тражи се други период.
return-without-row = Образац нема ред: { $value }
return-not-asked = Не пита се за ту врсту контакта
return-unmapped = без реда: { $value }
return-unmapped-said = { $table }: нема реда за { $value } ({ $count })
go-back = Назад
total-title = Евидентиране комуникације од оснивања
total-until = закључно са { $day }
conflict-correction-reason = исправка мора да има разлог
conflict-no-such-figure = бројка с тим називом се овде не води
conflict-event-day = за одржан догађај потребан је дан
conflict-event-number = број је мањи од нуле или превелик
conflict-token-name = назив токена има од 1 до 60 знакова
n-communications = { $n ->
    [one] { $number } комуникација
    [few] { $number } комуникације
   *[other] { $number } комуникација
}
n-cases = { $n ->
    [one] { $number } случај
    [few] { $number } случаја
   *[other] { $number } случајева
}
cases-shown = { $n ->
   *[other] Наведено је само { $number } најновијих.
}
n-presentations = { $n ->
    [one] { $number } презентација
    [few] { $number } презентације
   *[other] { $number } презентација
}
n-primary-schools = { $n ->
    [one] { $number } основној школи
    [few] { $number } основне школе
   *[other] { $number } основних школа
}
n-secondary-schools = { $n ->
    [one] { $number } средњој школи
    [few] { $number } средње школе
   *[other] { $number } средњих школа
}
n-students = { $n ->
    [one] { $number } ученика
    [few] { $number } ученика
   *[other] { $number } ученика
}
n-parents = { $n ->
    [one] { $number } родитеља
    [few] { $number } родитеља
   *[other] { $number } родитеља
}
n-teachers = { $n ->
    [one] { $number } наставника
    [few] { $number } наставника
   *[other] { $number } наставника
}
n-webinars = { $n ->
    [one] { $number } вебинар
    [few] { $number } вебинара
   *[other] { $number } вебинара
}
left-out = { $n ->
    [one] { $number } унета бројка је изостављена јер само део њених дана пада у период
    [few] { $number } унете бројке су изостављене јер само део њихових дана пада у период
   *[other] { $number } унетих бројки је изостављено јер само део њихових дана пада у период
}
return-entered = { $n ->
    [one] { $number } бројка која је ручно унета за овај период није у извештају, јер контакти иза ње нису разврстани.
    [few] { $number } бројке које су ручно унете за овај период нису у извештају, јер контакти иза њих нису разврстани.
   *[other] { $number } бројки које су ручно унете за овај период није у извештају, јер контакти иза њих нису разврстани.
}
return-not-classified = { $n ->
    [one] { $number } контакт није разврстан
    [few] { $number } контакта нису разврстана
   *[other] { $number } контаката није разврстано
}
hours-of-week = Сати у недељи
event-erased = обрисано
conflict-still-open = отворен је; прво га затворите
conflict-case-open = случај којем припада још је отворен; прво затворите случај
report-promise = Ако је незаконито, линк и опис можемо да проследимо полицији или тужилаштву. Твоју мејл адресу прослеђујемо само ако пристанеш. После слања добијаш шифру с којом овде читаш одговор.
wrap-up-read-only = Води: { $name }. Завршни запис овде може само да се чита.
forwarded-cases = прослеђени
status-call-open = запис није довршен
conflict-reason-needed = особа није добила одговор; напишите зашто се затвара без њега
conflict-so-already = већ је тако
conflict-canned-not-chosen = после косе црте изаберите готов одговор са списка или напишите речи
canned-none-to-choose = Готових одговора још нема. Пише их супервизор, на страни Готови одговори.
canned-none-so-called = Ниједан готов одговор се тако не зове.
canned-which-language = Језик особе није познат: изаберите на ком језику.
why-title = Затворити без одговора?
why-hint = Ова особа чека одговор. Изаберите разлог: остаје у историји и међу белешкама.
why-elsewhere = Одговорено је на други начин, на пример телефоном
why-unwanted = Особа не жели одговор
why-unsafe = Одговор би могао да је угрози
why-no-way = Нема начина да се одговори
why-others = Преузела је друга служба
why-own = Или својим речима
why-close = Затвори без одговора
why-back = Не затварај
up-to = до { $time }
job-receive = пријем поруке
job-deliver = слање
job-fetch = дохватање прилога
outcome-ignored = није контакт
outcome-report = извештај о испоруци
problem-disk = диск је скоро пун; ништа се не прима док се не ослободи место
problem-moved = датотека базе је премештена или обрисана; ништа се не прима док се не врати
problem-backlog = превише порука чека на упис; нове чекају тамо где јесу
problem-not-fetched = неке поруке не могу да се преузму; тражи их поново
problem-no-line = те линије нема у подешавањима
problem-not-registered = више пута није могло да се евидентира
problem-gone = оригиналне поруке више нема
problem-key = не може да се отвори овим главним кључем
problem-log-in = сервер не прихвата пријаву: проверите име, лозинку или токен у подешавањима
problem-certificate = безбедна веза није успела: сертификат сервера не важи
problem-name = адреса сервера не постоји или се не може наћи
problem-refused = сервер је одбио
problem-too-slow = сервер предуго не одговара
problem-unreachable = сервер је недоступан преко мреже
problem-broke = веза се прекинула
problem-folder = фасцикла сандучета не може да се отвори
problem-other = неочекивана грешка; појединости су у дневнику рада
aside-own = наша порука
aside-platform = напомена саме платформе
aside-group = из групе или канала, где не радимо
aside-command = команда на коју бот сам одговара
aside-button = дугме које више ништа не значи
aside-begun = започето ћаскање
aside-receipt = потврда читања
aside-news = вест о некоме ко није писао
aside-again = испоручено поново
aside-automatic = аутоматски одговор који ничему не припада
aside-report = извештај о нечему што нисмо послали
aside-other = разлог је у дневнику рада
month-1 = јан
month-2 = феб
month-3 = мар
month-4 = апр
month-5 = мај
month-6 = јун
month-7 = јул
month-8 = авг
month-9 = сеп
month-10 = окт
month-11 = нов
month-12 = дец
piece-year = { $year }.
piece-month = { $month } { $year }.
piece-quarter = { $quarter }. тром. { $year }.
piece-week = { $week }. недеља { $year }.
files-chosen = Изабрано:
problem-connection-refused = сервер одбија везу: можда не ради или је погрешан порт
problem-no-such-address = таква адреса не постоји
problem-full-mailbox = сандуче примаоца је пуно
problem-nonsense = сервер одговара неразумљиво
aside-abuse = пријава злоупотребе од пружаоца поште
problem-unread-events = неки догађаји Дискорда нису могли да се прочитају; разговори се зато проверавају
problem-few-starts = Дискорд данас дозвољава још мало повезивања: нешто се стално поново повезује
problem-no-calls = Телеграм не може да нас позове; поруке код њега чекају највише 24 сата
problem-waited = једна порука је чекала сатима; Телеграм их после 24 сата заборавља

# Routing

event-offered = понуђено
event-offer_declined = понуда одбијена
event-offer_ended = понуда није прихваћена на време
event-returned = враћено у ред јер је задужена особа одсутна
claimed-next = као следећи контакт
claimed-from = од: { $name }, одсутна особа
conflict-quarantined = овај контакт је у карантину; пушта га или одбацује супервизор
conflict-not-available = прво се пријавите на дежурство: следећи контакт добија само ко је доступан
chosen-knows-person = зна ову особу
chosen-language = говори { $value }
chosen-topic = познаје тему { $value }
chosen-channel = одговара на каналу { $value }
chosen-team = припада тиму { $value }
chosen-load = оптерећење { $load } од { $capacity }
chosen-idle = без новог контакта { $long }
chosen-fallback = резервна група: нико у смени није могао да преузме
relaxed-language = предуго се чекало на језик
relaxed-topic = предуго се чекало на тему
relaxed-channel = предуго се чекало на канал
relaxed-team = предуго се чекало на тим
relaxed-danger = предуго се чекало на некога ко прима контакте у непосредној опасности
spoken-serbian = српски
spoken-english = енглески
take-over = Преузми
take-over-hint = Задужена особа је одсутна. Историја ће забележити да сте преузели контакт.
away-soon = За минут се рачунате као одсутни, и оно што чека на вас враћа се у ред.
away-stay = Ту сам
away-now = На дежурству сте, али се рачунате као одсутни јер дуже ништа нисте радили овде. Ништа вам се не додељује.
next-please = Преузми следећи контакт
next-hint = Преузмите најхитнији контакт који чека и који можете да преузмете
offered-to-you = Контакт { $reference } вам је понуђен до { $until }
offer-accept = Прихвати
offer-decline = Одбиј
on-break = Пауза
break-begin = Почни паузу
break-end = Заврши паузу
key-next-please = преузми следећи контакт

# Hours

opens-unknown = када поново будемо радили
opens-today = данас од { $time }
opens-tomorrow = сутра од { $time }
opens-date = { $date } од { $time }
hours-every-day = сваког дана
day-and-night = 0–24
and-times = {" и "}
open-today = данас изузетно { $times }
open-on = { $day } изузетно { $times }
closed-on = затворено { $day }
closed-today = данас затворено
hours-none-weekly = по најави
opens-weekday-1 = у понедељак од { $time }
opens-weekday-2 = у уторак од { $time }
opens-weekday-3 = у среду од { $time }
opens-weekday-4 = у четвртак од { $time }
opens-weekday-5 = у петак од { $time }
opens-weekday-6 = у суботу од { $time }
opens-weekday-7 = у недељу од { $time }
open-now = Сада радимо: саветници читају поруке чим стигну.
closed-now = Сада не радимо. Поруке читамо { $opens }.
conflict-schedule-changed = неко је то у међувремену изменио; поново учитајте страницу
conflict-invalid-schedule = ова времена не могу да важе: преклапају се, завршавају се пре почетка или никад није отворено
closed-answer =
    Сада не радимо. Саветник чита вашу поруку { $opens }.

    Ако сте сада у опасности, не чекајте одговор, позовите:
    { $emergency }

# Urgency

in-danger = Да ли си сада у опасности?
in-danger-yes = Да
in-danger-not_sure = Нисам сигуран/сигурна
in-danger-no = Не
in-danger-hint = Не мораш да одговориш. Ако јеси, позови неки од бројева изнад, а пиши и нама: твоју поруку читамо прву.
event-raised = хитност подигнута по правилима

# Alarms

care-label = Узбуне и понуде
ringing = Непосредна опасност.
danger-unassigned = Нико још није преузео.
danger-yours = Ваш контакт, још га нисте отворили.
danger-not-opened = Води: { $name }, још није отворено.
danger-assignee-away = Води: { $name }, али није ту.
danger-waits = чека { $time }
danger-offered = Понуђено вам је до { $until }
danger-set-by-staff = Ову хитност је одредио неко од колега.
alarm-path-fails = Аларм није стигао до: { $name } ({ $line }): { $problem }
alarms = Аларми
alarms-hint = Ко је обавештен када се нико није бавио контактом у непосредној опасности.
alarm-none = До сада није било аларма.
alarm-test = Пошаљи пробу
alarm-test-hint = Сви примаоци добијају поруку у којој пише да је то проба.
alarm-kind-danger = у непосредној опасности
alarm-kind-test = проба
alarm-kind-weekly_test = недељна проба
alarm-raised = Почетак
alarm-ended = Крај
alarm-goes-on = траје
alarm-told = Обавештени
alarm-contact = Контакт
event-alarmed = аларм послат
event-target_missed = одговор касни
alarm-title = Аларм: неко је можда у опасности
alarm-test-title = Проба аларма
alarm-text =
    Контакт { $reference } је можда од некога у опасности. Већ { $minutes } мин нико се тиме не бави.

    Отворите радно место: { $desk }

    Ова порука се понавља док неко не преузме контакт.
alarm-test-text =
    Ово је проба аларма за { $centre }. Ништа се није догодило. Не морате ништа да урадите.
# Supervisor's page, opening hours and shifts

routing = Ко чека и ко дежура
routing-now = Сада
routing-hours = Радно време
routing-shifts = Смене
routing-waiting = Људи који чекају
routing-nobody-waits = Нико не чека одговор.
routing-quarantined = У карантину: { $n }
routing-urgency = Хитност
routing-ordinary = обично
routing-people = Чека
routing-unassigned = Без задужене особе
routing-longest = Најдуже чекање
routing-counsellors = Саветници
routing-counsellor = Саветник
routing-state = Стање
routing-shift = Смена
routing-load = Оптерећење
routing-load-hint = Сваки контакт на који неко треба да одговори повећава оптерећење. Колико га повећава зависи од канала. Ко достигне највеће оптерећење, не добија аутоматски нове контакте, осим оних у опасности.
routing-skills = Вештине
routing-actions = Промена
routing-available = на располагању до { $until }
routing-off-duty = није на дежурству
routing-away = одсуствује
routing-away-since = одсуствује од { $since }
routing-planned-until = до { $until }
routing-not-planned = не сада
routing-no-plan = нема плана
routing-missing = у плану, а одсуствује
routing-points = { $load } од { $capacity }
routing-waits = чека одговор
routing-week = додељено ове недеље
routing-decisions = Недавне одлуке
routing-no-decisions = Ниједан контакт још није аутоматски додељен ни понуђен.
routing-passed-over = Прескочени
routing-changes = Промена вештина или премештање посла
decided-assigned = додељено: { $name }
decided-offered = понуђено: { $name }
decided-assigned-once = додељено
decided-offered-once = понуђено
passed-away = одсуствује
passed-break = на паузи
passed-off_shift = није у смени
passed-pull = тим сам преузима контакте
passed-declined = одбијено или није прихваћено на време
passed-language = не говори тај језик
passed-topic = не познаје ту тему
passed-channel = не одговара на том каналу
passed-team = припада другом тиму
passed-danger = не прима контакте у непосредној опасности
passed-capacity = нема више слободног капацитета
passed-severe_cap = довољно тешких контаката у овој смени
passed-not_first = може да преузме, али је неко други био испред
skills-everything = све
skills-languages = говори: { $list }
skills-topics = теме: { $list }
skills-channels = канали: { $list }
skills-no-danger = без контаката у непосредној опасности
skills-severe = највише тешких контаката у смени: { $most }
skills-fallback = резервна група
skills-hint = Ако у групи ништа није означено, важи све.
skills-of-languages = Језици
skills-of-topics = Теме
skills-of-channels = Канали
skills-of-work = Рад
skills-takes-danger = Прима контакте у непосредној опасности
skills-in-fallback = Припада резервној групи, која добија оно што нико у смени не може да преузме
skills-capacity = Највеће оптерећење
skills-severe-cap = Највише тешких контаката у смени
skills-save = Сачувај вештине
error-skills-number = Капацитет и највећи број тешких контаката су цели бројеви од 0 до 65.535, или су празни.
error-skills-unknown = Нема такве теме или таквог канала.
move-work = Премести сав отворен посао
move-to-queue = назад у ред
move = Премести
move-confirm = Преместити све отворене контакте које води { $name }?
schedule-version = Верзија { $number }, { $date }, { $name }
schedule-changed = Неко је у међувремену сачувао другу верзију. Ваш унос је и даље овде; сачувајте поново да бисте ту верзију заменили.
times-unreadable = „{ $text }“ није време. Напишите, на пример, 07:30-15:30.
times-reversed = { $span } се не завршава после почетка. Сате после поноћи упишите у наредни дан.
times-overlap = { $first } и { $second } се преклапају.
times-hint = На пример 07:30-15:30, 17:00-19:00. Празно: затворено.
hours-centre = Цео центар
hours-open = Сада је отворено.
hours-closed = Сада је затворено. Отвара се { $opens }.
hours-open-always = Рачуна се као да је увек отворено.
hours-not-stored = Радно време још није сачувано. Поља показују предлог; он важи тек кад га сачувате.
hours-not-own = Ова линија нема своје радно време. Важи радно време целог центра док овде не сачувате друго.
hours-none = Радно време није сачувано за: { $lines }. Ове линије се рачунају као увек отворене.
hours-unreadable = Сачувано радно време линије { $line } не може да се прочита.
hours-unreadable-centre = Сачувано радно време целог центра не може да се прочита.
hours-weekly = Сваке недеље
hours-closed-day = затворено
hours-holidays = Празници
hours-serbia = Затворено нерадним данима у Србији
hours-coming-holidays = Наредни нерадни дани
hours-exceptions = Изузеци
hours-never-open = Са овим радним временом никад није отворено. Унесите бар једно време.
hours-save = Сачувај радно време
exceptions-hint = За поједини датум важи друго време, и кад је празник. Без времена је затворено цео дан.
exceptions-past = Прошли изузеци
exception-new = Нови изузетак
exception-date = Датум
exception-times = Време
exception-sr = Разлог, српски
exception-en = Разлог, енглески
exception-remove = Уклони при чувању
exception-needs-date = Унесите датум.
exception-twice = Овај датум има два изузетка. Оставите један.
shifts-mine = Ваше смене у наредних 14 дана
shifts-none-of-mine = Немате смену у наредних 14 дана.
shifts-everybody = Сви у наредних 14 дана
shifts-planned = У плану
shifts-nobody = нико
shifts-weekly = Недељне смене
shifts-exceptions = Изузеци за поједине датуме
shifts-none = План смена још не постоји. Док га нема, рачуна се да су сви увек у смени.
shifts-unreadable = Сачувани план смена не може да се прочита. Рачуна се да су сви увек у смени.
shift-now = сада
shift-who = Ко
shift-times = Време
shift-weekday = Дан
shift-weekdays = Дани у недељи
shift-note = Разлог
shift-free = слободно
shift-free-day = Слободан тај дан
shift-free-name = Ослободи: { $name }
shift-substitute = Уместо њега или ње
shift-substitute-none = још нико
shift-free-hint = Ако неко једног дана не ради, отворите „Слободан тај дан” поред смене. Недељни распоред остаје исти.
coverage = Радно време и смене се не слажу у наредних 14 дана
coverage-open = Отворено, а нико није у смени
coverage-closed = Смена док је све затворено
shift-add = Додај недељну смену
shift-exception-add = Додај изузетак
shift-remove = Уклони
shift-hint = На пример 07:30-15:30. Смена чији крај није после почетка завршава се наредног дана: 22:00-06:00.
shift-exception-hint = Ово време замењује смене ове особе тог датума, и ничије друге. Празно: слободно.
shift-incomplete = Означите бар један дан и унесите време.
shift-needs-who = Изаберите особу или тим.
shift-persons = Особе
shift-teams = Тимови
shift-team = тим { $name }
shift-disabled = { $name } (искључен налог)
shift-unknown = непозната особа
plan-too-long = План има превише ставки.
plan-exception-twice = { $date }: изузетак већ постоји: { $who }. Прво га уклоните.
plan-zero-length = Смена почиње и завршава се у исто време. Цео дан пишите као 00:00-24:00.
plan-begins-at-midnight = Смена почиње у 24:00. Упишите је у наредни дан, од 00:00.
plan-overlap = { $who }, { $day }: { $first } и { $second } се преклапају.
plan-open-swap = За { $date } је тражена замена. Прво је потврдите или одбијте.
calendar-title = Смена
calendar-address = Адреса вашег календара
calendar-hint = Претплатите се на ову адресу у програму за календар. Ко је има, види када радите, зато је не делите.
swaps = Замене
swap-ask = Тражи замену
swap-to = Колега или колегиница
swap-send = Тражи
swap-confirm = Потврди
swap-decline = Одбиј
swap-asked = тражено
swap-confirmed = потврђено
swap-declined = одбијено
targets = Рокови за одговор
target = Одговор
target-first = први одговор
target-next = каснији одговори
target-urgency-danger = У непосредној опасности
target-urgency-urgent = Хитно
target-urgency-ordinary = Обично
target-kept = На време
target-missed = Касно
target-kept-share = На време, од свих
care = Ко је бринуо
care-what = Шта се десило
care-times = Пута
care-given-back = Контакт враћен у ред
care-returned = Контакт се вратио у ред јер је задужени био одсутан
care-alarms = Аларм о некоме у непосредној опасности
targets-today = Рокови за одговор данас
targets-none = Данас још ниједан одговор није имао рок.
routing-late = Касни
late-yours = { $n ->
    [one] { $n } ваш одговор касни
    [few] { $n } ваша одговора касне
   *[other] { $n } ваших одговора касни
}
severe-yours = Тешких контаката за 12 сати: { $n }
severe-yours-hint = Контакти које сте добили, хитни или у непосредној опасности. Овај број видите само ви.
by-hand = Без задуженог
by-hand-hint = Најхитнији су први. Контакт можете дати колеги, и оном ко није доступан.
by-hand-to = Коме дати { $reference }
by-hand-give = Дај
by-hand-more = Још
alike-sender = { $n ->
    [one] Још { $n } од истог пошиљаоца
    [few] Још { $n } од истог пошиљаоца
   *[other] Још { $n } од истог пошиљаоца
}
alike-text = { $n ->
    [one] Још { $n } са истим текстом
    [few] Још { $n } са истим текстом
   *[other] Још { $n } са истим текстом
}
pick-group = Изабери све њих
by-hand-choose = изаберите колегу

# The demo.
log-in-personas = Демо: пријава једним кликом
demo-title = Hotline демо: пример центра. Сви људи и поруке су измишљени.
demo-step-centre = Припрема примера: запослени и смене …
demo-step-past = Припрема примера: 18 месеци обраћања …
demo-step-cases = Припрема примера: случајеви и догађаји …
demo-step-day = Припрема примера: радни дан …
demo-prepared = Пример центра је спреман ({ $seconds } s).
demo-form = Писање центру
demo-desk = Радно место запослених
demo-sent = Шта је демо послао
demo-accounts = Пријава једним кликом, или именом и лозинком:
demo-mila = mila    саветник       обраћања, одговори, случајеви
demo-sara = sara    супервизор     и редови, смене, карантин, статистика
demo-petra = petra   руководилац    статистика без имена и текстова
demo-admin = admin   администратор  линије, послови и подешавања
demo-password = Лозинка за све
demo-nothing-leaves = Одговори иду на страницу „Шта је демо послао“; ништа не напушта рачунар.
demo-thrown-away = Подаци се бришу кад се демо заустави. За чување: --keep ФАСЦИКЛА
demo-kept = Подаци се чувају у
demo-stop = Заустављање: Ctrl+C.
demo-sent-none = Још ништа. Одговорите на обраћање; после десет секунди одговор је овде.
year-by-year = По годинама и каналима
year-by-year-cases = Случајеви по годинама
ages = Узраст
genders = Пол
regions = Регион
narrative = Извештај као документ (DOCX)
narrative-use = Бројке
narrative-document = Документ (DOCX)
narrative-print = Верзија за штампу
narrative-sections = Поглавља
narrative-publication = За објављивање (мале бројке скривене)
narrative-internal = За нас (тачне бројке)
section-summary = Сажетак
section-communications = Евидентиране комуникације
section-people = Деца: узраст, пол, регион
section-topics = Теме
section-cases = Случајеви
section-answering = Одговори и чекање
section-outreach = Теренски рад
page-number = Страна
sentence-waits = Половина оних којима је одговорено добила је одговор за највише { $half }, а девет од десет за највише { $nine }.
sentence-targets = Од { $all } одговора с роком, на време је послато { $kept } ({ $share }).
day-in-words = { $day }. { $month } { $year }.
quarter-in-words-1 = прво тромесечје { $year }.
quarter-in-words-2 = друго тромесечје { $year }.
quarter-in-words-3 = треће тромесечје { $year }.
quarter-in-words-4 = четврто тромесечје { $year }.
month-in-words-1 = јануар
month-in-words-2 = фебруар
month-in-words-3 = март
month-in-words-4 = април
month-in-words-5 = мај
month-in-words-6 = јун
month-in-words-7 = јул
month-in-words-8 = август
month-in-words-9 = септембар
month-in-words-10 = октобар
month-in-words-11 = новембар
month-in-words-12 = децембар
admin = Администрација
admin-staff = Особље
admin-staff-hint = Овде позивате колеге, мењате или онемогућавате њихове налоге и преименујете тимове.
admin-account-hint = Овде мењате име, улогу и тим налога, правите нову везу за лозинку, завршавате пријаве или онемогућавате налог.
actions = Радње
account-name = Име које виде колеге
account-role = Улога
account-team = Тим
teams-hint = Ново име тима одмах важи за све чланове, њихове контакте и распоред смена.
teams-none = Још нема тимова. Тим настаје када га изаберете за неки налог.
team-members = Чланова
team-rename = Преименуј
team-new-name = Ново име тима { $team }
team-own-mode = Подешавање routing.teams наводи тим { $team }: после преименовања измените и датотеку.
team-none = без тима
team-new = нови тим…
team-new-field = Име новог тима (ако сте изабрали „нови тим”)
account-last-action = Последња радња
account-sessions = Пријаве
account-enabled = омогућен
account-disabled = онемогућен
account-invited = позван; веза истиче { $until }
account-without-link = без лозинке; веза је истекла
account-invite = Позови некога
account-invite-hint = Налог нема лозинку. Добијате једнократну везу и сами је предајете особи; Hotline не шаље ништа.
account-invite-make = Направи налог и везу
account-link = Једнократна веза
account-link-hint = Сами предајте ову везу особи { $login }, тако да нико други не може да је прочита. Важи једном, до { $until }, и више се не приказује.
account-role-hint = Промена улоге завршава пријаве ове особе. Ако нова улога нема право да ради на контактима, контакти ове особе остају без задужене особе. Ако нема право да прави токене, њени токени се укидају.
account-own = Само други администратор може да промени вашу улогу, поништи вашу лозинку или онемогући ваш налог.
account-enable = Омогући
account-enable-hint = Омогућавањем особа поново може да се пријави.
account-end-sessions = Заврши све пријаве
account-end-sessions-hint = Завршавањем пријава особа се свуда одјављује и може поново да се пријави. Ако је уређај изгубљен, поништите и лозинку.
account-reset = Поништи лозинку
account-reset-hint = Поништавањем лозинка престаје да важи и особа се свуда одјављује. Добијате нову једнократну везу.
account-new-link = Направи нову везу
account-new-link-hint = Ранија веза престаје да важи.
account-disable = Онемогући
account-disable-hint = Онемогућавањем се особа свуда одјављује и више не може да се пријави. Њени контакти остају без задужене особе, а њени токени за читање се укидају.
own-account = Ваш налог
own-account-hint = Овде видите где сте пријављени, завршавате пријаве које не користите и мењате лозинку.
own-sessions = Ваше пријаве
session-begun = Почетак
session-used = Последњи пут коришћена
session-current = ова
session-end = Заврши
session-end-others = Заврши све остале
invitation = Изаберите лозинку
invitation-hint = Здраво, { $name }, изаберите лозинку којом ћете се пријављивати.
invitation-accept = Сачувај и пријави се
invitation-ended = Ова веза не може да се користи
invitation-used = Овом везом је лозинка већ изабрана. Пријавите се њоме. Ако је нисте изабрали ви, одмах јавите администратору.
invitation-expired = Веза је важила 72 сата. Затражите нову од администратора.
invitation-replaced = Замењена је новијом везом, или ју је администратор повукао. Затражите нову од администратора.
invitation-unknown = Можда је копирана само делимично. Копирајте је поново, или затражите нову од администратора.
conflict-invalid-login = корисничко име има до 60 слова, цифара и знакова „.“, „-“, „_“ и „@“
conflict-invalid-team = име тима има од 1 до 40 знакова
conflict-invalid-name = име има од 1 до 60 знакова
conflict-login-taken = ово корисничко име је заузето
conflict-own-account = то на вашем налогу може да уради само други администратор
conflict-last-administrator = ово је последњи администратор који може да се пријави; прво додајте другог
conflict-account-disabled = овај налог је онемогућен; прво га омогућите
conflict-invitation-ended = ова веза више не може да се користи; затражите нову од администратора
admin-system = Линије и систем
admin-system-hint = Овде видите да ли линије раде, испробавате их и видите има ли места на диску и која верзија ради.
admin-settings = Подешавања
admin-settings-hint = Овде видите свако важеће подешавање, одакле долази и како се мења.
settings-read-from = Датотека подешавања је
setting-key = Кључ
setting-value = Вредност
setting-source = Одакле
setting-how = Како се мења
setting-file-line = датотека подешавања, ред { $line }
setting-variable = променљива окружења { $name }
setting-replaced = Не важи: замењено је на екрану.
setting-how-screen = Измените на екрану; важи одмах.
setting-how-line = Измените ред { $line } датотеке { $file } и поново покрените програм.
setting-how-file = Измените { $key } у датотеци { $file } и поново покрените програм.
setting-how-variable = Поставите другу вредност променљиве { $name } и поново покрените програм.
setting-how-program = Демонстрација то поставља сама; у раду се мења у датотеци подешавања.
setting-how-no-file = Поставите променљиву { $name } или направите датотеку подешавања, па поново покрените програм.
setting-how-default = Додајте { $key } у датотеку { $file } и поново покрените програм.
setting-file = датотека подешавања
setting-program = поставља демонстрација
setting-default = подразумевано
setting-secret = скривено, јер јесте тајна или може да је садржи
setting-missing = није постављено
line-test = Провери
line-test-hint = Провера испитује везе и дозволе линије и траје до 90 секунди. Појединости о квару су у дневнику рада.
line-test-passed = { $n ->
    [one] линија ради; { $n } провера без грешке
    [few] линија ради; { $n } провере без грешке
   *[other] линија ради; { $n } провера без грешке
}
queue-of-jobs = Ред послова
job-ready = Чека
job-running = Ради се
system-no-lines = Нема линија, па нико не може да пише.
system-storage = Диск и база
system-free = Слободно на диску
system-reserve = Мора да остане слободно
system-database = База
system-attachments = Датотеке прилога и великих порука
system-files = { $n ->
    [one] { $n } датотека
    [few] { $n } датотеке
   *[other] { $n } датотека
}
system-partial = Има још датотека; пребројан је само део.
system-program = Програм
system-version = Верзија
system-schema = Најновија измена шеме базе
system-started = Покренут
mebibytes = { $n } MiB
admin-texts = Текстови
admin-texts-hint = Овде мењате текстове које људи читају и видите које верзије готових одговора, класификације и правила хитности важе.
text-public = Текстови за јавност
text-public-hint = Измена важи одмах, на свим линијама, без поновног покретања. Сваки текст има своје верзије.
text-open = Измени или врати старију верзију
text-all = Сви текстови
text-in-file = Шта се мења у датотеци
text-in-file-hint = Назив и адреса центра, име пошиљаоца поште, временска зона, језик и страница за излаз остају у датотеци подешавања. Остали текстови образаца и ботова део су програма.
text-change = Измена
text-as-seen = Како ће људи видети
text-not-saved = Ово још није сачувано.
text-show-preview = Прикажи како ће изгледати
text-save-hint = Сачувани текст важи одмах и постаје нова верзија.
text-in-force = Важи
text-versions = Верзије
text-put-back = Враћен је текст из подешавања.
text-restore = Врати ову верзију
text-back = Врати овај текст
text-sr = Српски, ћирилицом
text-en = Енглески
text-number = Број
text-name-sr = Назив на српском, ћирилицом
text-name-en = Назив на енглеском
text-numbers-hint = Бројеви се приказују овим редом. Испразните ред да бисте уклонили број. Без енглеског назива приказује се српски, латиницом.
text-fields-hint = Латинични текст настаје пресловљавањем. Програм попуњава поља у витичастим заградама:
text-field-centre = назив центра
text-field-hours = радно време речима
text-field-telephone = телефон центра
text-field-emergency = бројеви за хитне случајеве, сваки у свом реду
text-field-form = адреса обрасца
text-field-reference = број поруке
text-field-opens = када се линија отвара
text-from-screen = измењено на екрану: верзија { $number }, { $name }, { $date }
text-from-file = из датотеке { $file }, { $key }
text-from-environment = из променљиве окружења, { $key }
text-from-default = подразумевано, { $key } није постављен
text-built-in = уграђени текст
text-empty = Упишите текст.
text-empty-sr = Упишите српски текст.
text-empty-en = Упишите енглески текст.
text-too-long = Текст има више од { $n } знакова.
text-control-character = Текст садржи прелом реда или невидљив знак који ту не сме да стоји.
text-unknown-field = Не постоји поље { $name }. Пишите само поља са списка, између { "{" } и { "}" }.
text-missing-field = Недостаје поље { $name }. Без њега људи не би сазнали оно што им треба.
text-no-number = Упишите бар један број.
text-many-numbers = Највише { $n } бројева.
text-bad-number = „{ $number }” није број телефона.
text-nameless-number = Упишите назив за број { $number }.
text-bad-address = „{ $text }” нема очекивани облик.
conflict-text-changed = неко је у међувремену изменио овај текст; погледајте нову верзију, па сачувајте поново
conflict-invalid-text = текст има грешку
public-opening-hours = Радно време, речима
public-opening-hours-hint = Стоји на страницама обрасца и у порукама док на страници „Радно време” нису уписана времена. Када су уписана, људи уместо овог текста виде њих.
public-telephone = Телефон центра
public-telephone-hint = Стоји на страницама обрасца, у порукама и у заглављу писама.
public-email = Е-адреса центра
public-email-hint = Стоји на обрасцу међу другим начинима да се јаве и у заглављу писама. Празно: не приказује се.
public-telegram = Налог на Телеграму
public-telegram-hint = Корисничко име без знака @. Стоји на обрасцу међу другим начинима да се јаве. Празно: не приказује се.
public-discord = Позивница за Дискорд
public-discord-hint = Део везе после discord.gg/. Стоји на обрасцу међу другим начинима да се јаве. Празно: не приказује се.
public-emergency = Бројеви за хитне случајеве
public-emergency-hint = Стоје на врху сваке странице обрасца и у аутоматским порукама.
public-helplines = Линије других установа
public-helplines-hint = Стоје на обрасцу међу другим начинима да се потражи помоћ.
public-mail-acknowledgement = Потврда пријема поште
public-mail-acknowledgement-hint = Шаље се аутоматски на прву поруку е-поштом.
public-chat-acknowledgement = Потврда пријема на Телеграму и Дискорду
public-chat-acknowledgement-hint = Шаље се аутоматски на прву поруку.
public-closed-answer = Одговор ван радног времена
public-closed-answer-hint = Шаље се аутоматски, једном док је линија затворена, особи која пише док нико не чита.
public-telegram-greeting = Поздрав бота на Телеграму
public-telegram-greeting-hint = Прва порука бота, пре него што особа било шта напише.
public-privacy-reads = Приватност: ко чита
public-privacy-reads-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
public-privacy-kept = Приватност: шта чувамо
public-privacy-kept-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
public-privacy-not-kept = Приватност: шта не чувамо
public-privacy-not-kept-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
public-privacy-others = Приватност: коме кажемо
public-privacy-others-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
public-privacy-device = Приватност: шта се види на уређају
public-privacy-device-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
public-privacy-rights = Приватност: права особе
public-privacy-rights-hint = Део странице „Шта се дешава с оним што напишеш”. Промените га само уз савет правника.
text-canned-hint = Готове одговоре пишу супервизори. У приказу су измишљен број поруке и ваше име.
text-changed = измењено { $at }
text-scheme = Класификација
text-version = { $name }, верзија { $version }.
text-scheme-hint = Замењује је датотека из desk.scheme_file.
scheme-versions = Уграђене верзије
scheme-versions-hint = Сачувани одговори задржавају верзију са којом су дати. Верзија се мења новом верзијом програма или датотеком из desk.scheme_file.
scheme-version = Верзија { $version }
scheme-changes = Шта би се променило када би ова верзија важила
scheme-questions = Питања
scheme-change-count = { $n ->
    [one] { $n } измена
    [few] { $n } измене
   *[other] { $n } измена
}
scheme-question-added = ново питање: { $question }
scheme-question-removed = питање се не поставља: { $question }
scheme-question-required = постаје обавезно: { $question }
scheme-question-optional = није више обавезно: { $question }
scheme-question-others = поставља се за друге врсте контаката: { $question }
scheme-reworded = други назив: { $before } → { $after }
scheme-answer-added = { $question }: нови одговор { $answer }
scheme-answer-removed = { $question }: нема одговора { $answer }
text-preview = Прикажи питања
text-required = обавезно
text-urgency = Правила хитности
text-urgency-hint = Замењује их датотека из desk.urgency_file.
schedules = Радно време и смене
schedule = Распоред
schedule-centre = Радно време целог центра
schedule-line = Радно време линије
schedule-shifts = План смена
schedule-not-stored = није сачувано
schedule-works = без грешке
schedule-faulty = не може да ради; исправља га супервизор

# Flash messages: what an action did

flash-preferences_saved = Подешавања су сачувана.
flash-view_saved = Приказ је сачуван.
flash-view_deleted = Сачувани приказ је обрисан.
flash-session_ended = Сесија је завршена.
flash-other_sessions_ended = Све ваше друге сесије су завршене.
flash-jobs_retried = Послови се поново покушавају.
flash-account_saved = Налог је сачуван.
flash-team_renamed = Тим је преименован.
flash-text_saved = Текст важи.
flash-account_disabled = Налог је онемогућен.
flash-account_enabled = Налог је омогућен.
flash-account_sessions_ended = Све сесије овог налога су завршене.
flash-on_duty = На дежурству сте.
flash-off_duty = Нисте више на дежурству.
flash-break_begun = Пауза је почела. Контакти вам се не додељују аутоматски.
flash-break_ended = Пауза је завршена.
flash-next_taken = Ово је следећи контакт. Додељен је вама.
flash-none_to_take = Тренутно нема контакта који можете да преузмете.
flash-offer_declined = Одбили сте контакт.
flash-skills_saved = Вештине су сачуване.
flash-work_moved = Отворени контакти су премештени.
flash-test_alarm_sent = Пробни аларм се шаље.
flash-hours_saved = Радно време је сачувано.
flash-shifts_saved = План смена је сачуван. Ако у некој смени сада нема никога, упишите колегу под „Изузеци за поједине датуме”.
flash-swap_asked = Захтев за замену је послат.
flash-swap_confirmed = Замена је потврђена.
flash-swap_declined = Замена је одбијена.
flash-canned_saved = Готов одговор је сачуван.
flash-canned_deleted = Готов одговор је обрисан.
flash-macro_applied = Макро је примењен.
flash-reply_queued = Одговор је сачуван и биће послат за неколико секунди. Дотле га дугме „Повуци” испод њега зауставља.
flash-note_saved = Белешка је сачувана. Особа је не види.
flash-reply_taken_back = Одговор је повучен. Његов текст је поново нацрт.
flash-reply_retried = Одговор ће бити поново послат.
flash-file_requested = Датотека се преузима.
flash-claimed = Контакт је додељен вама.
flash-given_back = Контакт је враћен у ред.
flash-files_asked = Датотека је затражена од особе.
flash-closed = Контакт је затворен.
flash-reopened = Контакт је поново отворен.
flash-handed_over = Контакт је предат.
flash-asked_for = Замолили сте задужену особу да вам преда контакт.
flash-snoozed = Контакт је одложен.
flash-woken = Контакт више није одложен.
flash-blocked = Идентификатор је блокиран.
flash-unblocked = Идентификатор више није блокиран.
flash-linked = Контакти су повезани.
flash-note_pinned = Белешка се приказује уз сваки контакт ове особе.
flash-note_unpinned = Белешка се сада приказује само у свом контакту.
flash-unlinked = Веза је уклоњена.
flash-followed = Пратите овај контакт.
flash-unfollowed = Више не пратите овај контакт.
flash-marked = Контакт је означен и затворен.
flash-unmarked = Ознака је уклоњена.
flash-wrap_up_saved = Завршни запис је сачуван.
flash-wrapped_up_and_closed = Завршни запис је сачуван и контакт је затворен.
flash-case_formed = Случај је формиран.
flash-added_to_case = Контакт је додат у случај.
flash-summary_saved = Сажетак је сачуван.
flash-addition_saved = Допуна је сачувана.
flash-case_taken_over = Сада ви водите овај случај.
flash-case_closed = Случај је затворен.
flash-case_reopened = Случај је поново отворен.
flash-news_drafted = Нацрт одговора је спреман. Проверите га, па пошаљите.
flash-referral_proposed = Прослеђивање је предложено. Треба да га потврди неко од колега.
flash-referral_saved = Прослеђивање је сачувано.
flash-referral_confirmed = Прослеђивање је потврђено.
flash-referral_returned = Прослеђивање је враћено на дораду.
flash-referral_withdrawn = Прослеђивање је повучено.
flash-entry_saved = Бројка је унета.
flash-entry_withdrawn = Бројка је повучена.
flash-entries_imported = Регистар је унет.
flash-token_ended = Токен је укинут.
flash-event_saved = Догађај је сачуван.
flash-school_added = Установа је додата.
flash-schools_merged = Два уноса су спојена.
flash-educator_saved = Вршњачки едукатор је сачуван.
difference = Разлика
compare-with = Поређење
compare-none = Без поређења
hidden-all = Овде ништа није приказано: бројке о особама објављују се само за целе месеце који су прошли, и никада ако их је мање од { $least }.
hidden-rows = Скривено, или нема ниједног: { $rows }. Бројка мања од { $least } је скривена јер би могла да открије о ком детету је реч. Када би само она била скривена, могла би да се израчуна из укупног броја; зато се са њом скрива и следећа најмања, чак и ако није мала. Скривене бројке су урачунате у ред „није разврстано или је скривено“.
hidden-cells = „скривено“ стоји уместо бројке мање од { $least }, уместо нуле, и уместо још неке бројке истог реда или колоне из које би се мала могла израчунати.
hidden-some = Изостављени су редови са бројком мањом од { $least }, као и редови из којих би се таква бројка могла израчунати.
in-minutes = { $what }, минута
target-of-ordinary = Рок за први одговор, обично
target-of-urgent = Рок за први одговор, хитно
target-of-danger = Рок за први одговор, у непосредној опасности
target-first-kept = Први одговори на време
target-first-missed = Први одговори са закашњењем
target-first-share = Први одговори на време, од свих са роком
target-minutes = Рок, минута
target-none = без рока
targets-hint = Рокови су они који важе сада. За сваки одговор је рачунат рок који је тада важио.
targets-opening-hours = Рок тече само у радно време, осим ако подешавања кажу другачије; у време чекања рачунају се сви сати.
targets-of-line = Линија { $line } има своје рокове ({ $urgency }): први одговор { $first }, каснији одговори { $next }.
sentence-target = Рок за први одговор је { $targets }.
sentence-target-ordinary = { $time } за обичне контакте
sentence-target-urgent = { $time } за хитне контакте
sentence-target-danger = { $time } за особе у непосредној опасности
sentence-target-share = Од { $all } првих одговора са роком, { $kept } је послато на време ({ $share }).
files-internal-hint = Све бројке су тачне. Ове датотеке остају у центру: мала бројка би могла да открије о ком детету је реч.
files-publication-hint = Мале бројке о особама су скривене. Ове датотеке могу да се објаве и дају другима.
figure-no-answer = без одговора
figure-none-of = није { $values }
return-open-list = отвори списак
return-missing = { $n ->
    [one] { $number } контакт нема одговор
    [few] { $number } контакта немају одговор
   *[other] { $number } контаката нема одговор
}
