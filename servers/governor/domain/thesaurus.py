"""What people and the authors of tools say for one thing, and signs in a text that stand for words.

Data only: nothing here ranks. Whoever adds a sense thinks of what people say of a field, never of one tool.
"""

import re
from typing import Final

# A line is a sense: every word on it may stand for every other. `_` joins the words of a phrase, and a line that begins
# with blanks goes on with the one before. Words are compared by their stems; other languages follow after English.
SENSES: Final = """
appointment event meeting calendar schedule agenda invite date standup call interview session termin besprechung
  kalender cita reunión rendez_vous réunion 予定 会议 日程
move reschedule postpone push_back shift delay update change modify edit adjust verschieben ändern cambiar modifier
cancel call_off drop abort stornieren absagen cancelar annuler 取消
free available availability open slot frei libre 空闲
participant attendee guest invited everyone everybody people team
mail email message inbox mailbox letter newsletter correo courriel nachricht postfach 邮件 メール
send mail post deliver forward write_to tell let_know notify inform senden schicken sende schick enviar envía envoyer
  envoie 发送 送信
reply answer respond write_back get_back antworten responder répondre 回复
archive clean_up clear put_away file_away
sms text text_message texting phone mobile cell number
chat slack channel room thread teams discord announce announcement
file document doc pdf text presentation slides attachment paper datei dokument archivo documento fichier 文件
folder directory ordner carpeta dossier
read open show_me view display see contents what_s_in look_at lesen lies abrir leer lire ouvre 打开
write save store put create note_down schreiben speichern guardar écrire 保存
delete remove erase get_rid throw_away drop discard löschen borrar supprimer 删除
find search look_for look_up lookup query where where_s locate discover google suche suchen finde buscar busca
  chercher cherche trouver 搜索 查找 検索
share access permission link invite grant give_access teilen compartir partager 分享
zip compress archive pack bundle tar packen comprimir
issue bug defect problem crash error ticket report broken fehler
ticket help_desk helpdesk support it_department incident problem broken won_t_start doesn_t_work
repository repo github git gitlab project
pull_request pr merge_request branch review code_review
merge land integrate
code source function class symbol method variable definition implementation defined codebase snippet program script
  quellcode código
test tests unit_test spec suite
execute run start launch eval evaluate output print ausführen ejecutar exécuter 运行
python script notebook interpreter snippet
deploy release ship roll_out rollout publish push_to production staging environment live
rollback roll_back revert undo go_back previous before last_version restore returns return
build ci continuous_integration pipeline green red passed pass commit compile
log logs logged trace stderr errors exception
metric metrics latency throughput p95 p99 cpu memory_usage error_rate monitoring dashboard load traffic
restart reboot bounce reset hangs stuck frozen
scale replica instance capacity autoscale workers pods
virtual_machine vm server machine box instance linux host compute
cloud aws azure gcp
cost spend spending spent bill expensive price charge pay expense kosten costo coût 花费
dns domain ip address record resolve mx nameserver hostname
certificate cert tls ssl https expire expires expiry valid
sql database select query analytics table rows db datenbank base_de_datos
column schema field type structure table
export dump download csv comma_separated save_as
chart plot graph diagram pie bar draw visualize visualise histogram diagramm gráfico graphique 图表
spreadsheet sheet excel cell cells row column range workbook tabelle hoja
append add insert new_row new_line hinzufügen añadir ajouter 添加
web internet online google website site page url link browse webseite página 网页
download fetch get open load retrieve
article page post blog
news headline headlines breaking press latest current_events journalism nachrichten noticias nouvelles actualités 新闻
  ニュース
encyclopedia wikipedia wiki history_of who_was biography
paper study research journal scientific publication author arxiv studies science
definition define meaning mean dictionary word synonym bedeutet bedeutung significa signifie 意思
weather temperature rain raining rainy snow snowing wind windy sunny umbrella storm cold warm hot humid cloudy
  forecast wetter tiempo clima lluvia météo temps pluie 天气 天気
forecast tomorrow coming next_week weekend will_it morgen mañana demain 明天
air pollution smog pollen dust particulate breathe allergy luftqualität
route directions way get_to get_from drive walk navigate fastest distance how_far commute weg ruta camino itinéraire
  chemin 路线
nearby near close_to around here closest nearest local cerca près 附近
restaurant dinner lunch eat food table cafe bar sushi pizza reservation essen restaurante 餐厅
shop store pharmacy supermarket bakery gas_station
reserve book reservation booking buy order get_us seat buchen reservieren reservar réserver louer 预订
flight fly plane airline airport seat flights landed boarding departure flug vuelo vol avion 航班 机票
status on_time delayed late landed cancelled where_is
hotel room stay night nights accommodation hostel lodging sleep check_in zimmer unterkunft alojamiento hôtel hoteles
  chambre 酒店
car rent hire rental vehicle automatic auto mietwagen mieten coche voiture alquilar 租车
train rail railway station zug bahn tren gare 火车
currency money exchange dollar dollars euro euros pound pounds yen franc usd eur gbp währung dinero argent 货币
convert change exchange in_to translate umrechnen convertir 转换
stock share shares trading ticker nasdaq market aktie acciones bourse 股票
crypto cryptocurrency bitcoin btc ethereum eth coin token
price worth cost how_much quote value preis precio prix 价格
invoice bill billing charge_for rechnung factura facture 发票
refund money_back give_back reimburse return chargeback rückerstattung reembolso remboursement 退款
payment paid pay purchase zahlung pago paiement
transaction statement account bank spent balance checking savings konto cuenta compte
transfer wire pay send_money remit überweisen transferir virement 转账
expense receipt business_trip travel_expense reimbursement taxi spesen
calculate compute math arithmetic sum plus minus divided square_root percent percentage expression number
  how_much_is rechnen berechne calcular calculer 计算
unit length weight volume kilometer kilometers mile miles meter feet inch pound pounds kilo kilogram gram ounce cup
  liter liters gallon fahrenheit celsius degrees
time clock o_clock what_time time_zone timezone hour uhrzeit hora heure 时间
date today day what_day datum fecha
days_until days_between how_many_days how_long until since countdown
holiday holidays bank_holiday day_off christmas easter feiertag festivo férié 假期
vacation leave time_off sick ill absence holiday pto urlaub krank vacaciones congé
translate translation translates language say_in in_english in_german in_french in_spanish in_japanese in_chinese
  in_italian übersetze übersetzen traducir traduce traduire traduis anglais 翻译
spelling grammar typo typos proofread correct fix rechtschreibung ortografía orthographe
summary summarize summarise gist tldr short_version key_points overview abridge zusammenfassen zusammenfassung resumen
  résumé 总结 摘要
image picture photo photograph drawing logo icon scan bild foto imagen 图片
scan ocr scanned printed text_in sign recognize
generate create make paint draw design imagine produce erzeuge generar générer 生成
resize size shrink enlarge crop scale width height pixel pixels wide bigger smaller
transcribe recording audio voice_memo speech dictation interview podcast spoken
music song play playlist album artist listen put_on radio musik música musique 音乐
volume loud louder quiet quieter turn_down turn_up mute lautstärke
speaker speakers sound audio
light lights lamp dim bright dark brightness switch_on switch_off turn_on turn_off licht luz lumière 灯
heating thermostat heat temperature warmer cold cooler degrees heizung calefacción chauffage
lock unlock door shut gate key tür puerta porte
vacuum hoover clean cleaning sweep mop floor robot staubsauger
task todo to_do item chore list aufgabe tarea tâche 任务
done finished complete completed tick_off check_off mark finish erledigt
remind reminder remember don_t_forget let_me_forget erinnere erinnerung recuérdame recordar rappelle rappel 提醒
timer countdown minutes alarm ring
contact address_book phone_number address person lives live kontakt contacto 联系人
employee colleague coworker manager boss team works staff hr department mitarbeiter
lead prospect crm customer_database sales deal met
customer client account kunde cliente
product catalogue catalog shop sell buy article item price kaufen comprar acheter
order parcel package delivery shipment shipped arrive arrives tracking bestellung paket pedido paquete commande colis
  包裹
stock inventory warehouse left pieces available lager
recipe cook cooking dish ingredient bake meal dinner rezept receta recette 食谱
security vulnerability scan password
user person people who
list show which all what are tell_me every
tell show report what how check
city town place location
"""

# What a text shows, and the words it stands for. No pattern looks back over more than a hundred characters.
SIGNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"https?://|\bwww\."), "url web page"),
    (re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}\.\w"), "email recipient"),
    (re.compile(r"\+?\d[\d ()/-]{7,20}\d"), "phone number"),
    (re.compile(r"(?<![\w#])#[A-Za-z][\w-]"), "channel"),
    (
        re.compile(
            r"(?<![\w/])[\w./-]{1,100}"
            r"\.(?:md|txt|py|js|ts|go|rs|java|json|ya?ml|toml|csv|pdf|docx?|xlsx?|pptx?|log|sh)\b"
        ),
        "file path",
    ),
    (re.compile(r"\d\s?[-+*/×÷^]\s?\d|√"), "arithmetic expression"),
    (re.compile(r"[$€£¥]\s?\d|\d\s?[$€£¥]"), "money amount"),
    (re.compile(r"(?i)\bselect\b.{1,100}\bfrom\b"), "sql query database"),
    (re.compile(r"\b[a-z]{1,50}_[a-z]|\b[A-Z][a-z]{1,50}[A-Z][a-z]|\w\("), "code symbol"),
    (re.compile(r"\b\d{1,2}(?::\d\d)?\s?(?:[ap]m|Uhr)\b|\b\d{1,2}:\d\d\b"), "time"),
    (re.compile(r"\d\s?°"), "degrees temperature"),
    (re.compile(r"(?i)(?<![\w.-])(?:[\w-]{1,40}\.){1,3}(?:com|org|net|io|dev|de|fr)\b"), "domain host"),
)
