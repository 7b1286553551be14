from django.db import migrations

# line, code, English, 简体, 繁體
CODES = [
    ("", "no-power", "No power", "不通电", "不通電"),
    ("", "noise", "Unusual noise", "异响", "異音"),
    ("", "loose-wiring", "Loose wiring or contact", "接线松动或接触不良", "接線鬆動或接觸不良"),
    ("", "wrong-use", "Wrongly used or set", "使用或设置不当", "使用或設定不當"),
    ("", "no-fault", "No fault found", "未发现故障", "未發現故障"),
    ("appliance", "refrigerant-leak", "Refrigerant leak", "制冷剂泄漏", "冷媒洩漏"),
    ("appliance", "compressor", "Compressor fault", "压缩机故障", "壓縮機故障"),
    ("appliance", "water-leak", "Water leak", "漏水", "漏水"),
    ("appliance", "drain-blocked", "Drain blocked", "排水堵塞", "排水堵塞"),
    ("appliance", "control-board", "Control board fault", "控制板故障", "控制板故障"),
    ("appliance", "fan-motor", "Fan or motor fault", "风机或电机故障", "風扇或馬達故障"),
    ("instrument", "out-of-calibration", "Out of calibration", "校准超差", "校正超差"),
    ("instrument", "sensor", "Sensor fault", "传感器故障", "感測器故障"),
    ("instrument", "display", "Display fault", "显示故障", "顯示故障"),
    ("software", "configuration", "Wrong configuration", "配置错误", "設定錯誤"),
    ("software", "data-lost", "Data lost or damaged", "数据丢失或损坏", "資料遺失或損毀"),
    ("software", "licence", "Licence problem", "授权问题", "授權問題"),
    ("gps", "no-signal", "No satellite signal", "无卫星信号", "無衛星訊號"),
    ("gps", "sim-card", "SIM card or network fault", "SIM 卡或网络故障", "SIM 卡或網路故障"),
    ("gps", "antenna", "Antenna fault", "天线故障", "天線故障"),
    ("building", "door-lock", "Door or lock fault", "门或门锁故障", "門或門鎖故障"),
    ("building", "cabling", "Cabling fault", "布线故障", "佈線故障"),
    ("building", "water-damage", "Water damage", "进水损坏", "進水損壞"),
]


def enter(apps, schema_editor):
    FaultCode = apps.get_model("visits", "FaultCode")
    FaultCode.objects.bulk_create(
        [
            FaultCode(line=line, code=code, name_en=english, name_zh_hans=hans, name_zh_hant=hant)
            for line, code, english, hans, hant in CODES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0012_findings_consent"),
    ]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
