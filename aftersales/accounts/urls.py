from django.urls import path

from aftersales.accounts import views, views_duty

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("profile/", views.profile, name="profile"),
    path("duty/", views_duty.duty_page, name="duty"),
    path("absences/<int:pk>/end/", views_duty.absence_end, name="absence_end"),
    path("language/", views.set_language, name="set_language"),
]
