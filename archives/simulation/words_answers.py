"""What staff write about answers, delays and goods that wait. Each text in 简体, 繁體, English."""

from archives.simulation.words import Text

SALES_REPLY: list[Text] = [
    ("已联系客户，今天内安排", "已聯繫客戶，今天內安排", "Customer called; arranged today"),
    ("已受理，处理结果再告知", "已受理，處理結果再告知", "Taken on; we tell you the outcome"),
    ("缺产品序列号，请补", "缺產品序號，請補", "The serial number is missing; please send it"),
]
STOCK_ARRIVED: list[Text] = [
    ("已到货，为客户保留三天", "已到貨，為客戶保留三天", "Arrived; kept for three days"),
    ("到货，客户明天来取", "到貨，客戶明天來取", "Arrived; the customer comes tomorrow"),
]
STOCK_NOT: list[Text] = [
    ("厂家延期，下周到货", "原廠延期，下週到貨", "The factory is late; next week"),
    ("尚未到货，到货当天再通知", "尚未到貨，到貨當天再通知", "Not here yet; we call on the day it comes"),
]
POSTPONE: list[Text] = [
    ("压缩机调货，需延期，客户同意", "壓縮機調貨，需延期，客戶同意", "Compressor on order; the customer agrees"),
    ("送厂检测，预计多一周", "送原廠檢測，預計多一週", "Sent to the factory; about a week more"),
    ("主板缺货，已先告知客户", "主機板缺貨，已先告知客戶", "No main board in stock; the customer knows"),
]
READY: list[Text] = [
    ("已修好，请携取机单来取", "已修好，請攜取件單來取", "Repaired; please bring the slip"),
    ("修复并测试正常，通知取件", "修復並測試正常，通知取件", "Repaired and tested; may be fetched"),
]
NOTICE: list[Text] = [
    ("再次通知取件", "再次通知取件", "Told again to fetch it"),
    ("客户说周末来取", "客戶說週末來取", "The customer says at the weekend"),
    ("电话未接，已发短信", "電話未接，已發簡訊", "No answer; a text message was sent"),
]
HANDED_OUT: list[Text] = [
    ("核对取机单，本人取走", "核對取件單，本人取走", "Slip checked; fetched in person"),
    ("家属代取，已核对身份", "家屬代取，已核對身分", "Fetched by a relative; identity checked"),
]
POSTED: list[Text] = [
    ("顺丰到付寄回登记地址", "宅配到付寄回登記地址", "By courier to the address on file"),
    ("三次通知未取，邮寄回客户", "三次通知未取，郵寄回客戶", "Not fetched after three notices; posted"),
]
PREPARE: list[Text] = [
    (
        "购机发票或保修卡；清空外机周围；家中留人",
        "購機發票或保固卡；清空室外機周圍；家中留人",
        "Invoice or warranty card; room around the outdoor unit; somebody at home",
    ),
    ("预留电源插座；自备延长线", "預留電源插座；自備延長線", "A free socket; an extension lead"),
    ("先备份数据", "先備份資料", "Back up the data first"),
]
