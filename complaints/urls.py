from django.urls import path

from complaints.views import callback, figures, report

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", callback.of_ticket, name="ticket_callbacks"),
    path("figures/complaints/", figures.complaint_figures, name="complaint_figures"),
    path("figures/complaints/list/", figures.figures_list, name="figures_list"),
    path("reports/", report.reports, name="reports"),
    path("reports/<int:report_id>/", report.report, name="report"),
    path("reports/<int:report_id>/sign/", report.sign, name="report_sign"),
    path("reports/<int:report_id>/file/", report.file, name="report_file_away"),
    path("reports/<int:report_id>/again/", report.again, name="report_again"),
    path("reports/<int:report_id>/<slug:language>.<slug:file_format>", report.download, name="report_file"),
]
