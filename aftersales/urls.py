"""Every address of the house; each app lists its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/", include("aftersales.api")),  # first: machines ask most often
    path("", include("aftersales.dashboard.urls")),
    path("", include("aftersales.accounts.urls")),
    path("", include("tickets.urls")),
    path("", include("tickets.urls_intake")),
    path("", include("visits.urls")),
    path("", include("complaints.urls")),
    path("", include("archives.urls")),
    path("admin/", admin.site.urls),
]

handler404 = "aftersales.core.views.not_found"
handler500 = "aftersales.core.views.server_error"
