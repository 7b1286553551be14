from django.urls import path

from benchmarks.baseline.views import Create

urlpatterns = [path("tickets", Create.as_view())]
